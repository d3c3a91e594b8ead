import { byId } from "./dom.js";

/*
 * One pane, two panels (documents, source). Beside the conversation on a wide screen; on a narrow one
 * a sheet over it, with everything else inert.
 */

const narrow = matchMedia("(max-width: 859px)");
const behindTheSheet = ["top", "conversation", "composer", "foot"];
let opener = null;
let watcher = null;

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
  watchForBack();
}

/** Back to the conversation, and to the control that the reader came from. */
export function closeSheet() {
  if (!sheetIsOpen()) return;
  setSheet(false);
  showPanel("documents");
  if (opener?.isConnected) opener.focus({ preventScroll: true });
  opener = null;
}

function setSheet(open) {
  document.body.classList.toggle("sheet-open", open);
  for (const id of behindTheSheet) byId(id).inert = open;
  if (!open) {
    watcher?.destroy();
    watcher = null;
  }
}

// Where the browser has it, a CloseWatcher also hears Android's back gesture.
function watchForBack() {
  if (!("CloseWatcher" in window)) return;
  watcher = new CloseWatcher();
  watcher.addEventListener("close", closeSheet);
}

function onEscape(event) {
  if (event.key === "Escape" && watcher === null && !document.querySelector("dialog[open]")) closeSheet();
}

export function startPane() {
  byId("back").addEventListener("click", closeSheet);
  byId("close-source").addEventListener("click", () => {
    showPanel("documents");
    byId("documents-heading").focus();
  });
  byId("open-documents").addEventListener("click", () => {
    showPanel("documents");
    openSheet();
    if (!narrow.matches) byId("documents-heading").focus();
  });
  document.addEventListener("keydown", onEscape);
  narrow.addEventListener("change", () => setSheet(false));
}
