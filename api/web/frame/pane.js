import { byId } from "./dom.js";

/*
 * One pane, two panels (documents, source). Beside the conversation on a wide screen; on a narrow one
 * a sheet over it, with everything else inert.
 */

const narrow = matchMedia("(max-width: 859px)");
const behindTheSheet = ["top", "conversation", "composer", "foot"];
let opener = null;

export function isNarrow() {
  return narrow.matches;
}

export function showPanel(name) {
  byId("documents").hidden = name !== "documents";
  byId("source").hidden = name !== "source";
}

export function sheetIsOpen() {
  return document.body.classList.contains("sheet-open");
}

/** Lay the pane over a narrow screen; nothing to do on a wide one, where it is always in view. */
export function openSheet() {
  if (!narrow.matches || sheetIsOpen()) return;
  opener = document.activeElement;
  setSheet(true);
  byId("back").focus();
}

/** Back to the conversation, and to the control that the reader came from. */
export function closeSheet() {
  if (!sheetIsOpen()) return;
  setSheet(false);
  if (opener?.isConnected) opener.focus({ preventScroll: true });
  opener = null;
}

function setSheet(open) {
  document.body.classList.toggle("sheet-open", open);
  for (const id of behindTheSheet) byId(id).inert = open;
}

export function startPane() {
  narrow.addEventListener("change", () => setSheet(false));
}
