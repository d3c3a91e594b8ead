import { announce, byId } from "./dom.js";
import { t } from "../words/language.js";
import { here, leavePlace, visit, visitPlace } from "./navigation.js";
import { closeSheet, isNarrow, openSheet, sheetIsOpen, showPanel } from "./pane.js";
import { showSource } from "../source/source.js";

/** Show a place in the source pane, and mark the control that stands for it as the current one. */
export function show(target, trigger) {
  for (const other of document.querySelectorAll("main [aria-current]")) other.removeAttribute("aria-current");
  trigger?.setAttribute("aria-current", "true");
  showPanel("source");
  openSheet();
  return showSource(target);
}

/** The same because the reader wants it: Back leads away from it again. */
export function open(target, trigger) {
  announce(t("showing", target.document.title));
  visitPlace(target, trigger);
  return show(target, trigger);
}

function showDocuments() {
  showPanel("documents");
  openSheet();
  if (!isNarrow()) byId("documents-heading").focus();
}

/** Show in the pane what stands at this point of the history; tells whether there is anything. */
export function followPane() {
  const { target, trigger, place, panel } = here();
  if (target) show(target, trigger);
  else if (place) show({ kind: place.span ? "link" : "document", ...place }, null);
  else if (panel) showDocuments();
  else {
    closeSheet();
    showPanel("documents");
  }
  return Boolean(target || place || panel);
}

export function startView() {
  const wantsDocuments = () => {
    if (here().panel !== "documents") visit({ panel: "documents" });
    showDocuments();
  };
  byId("open-documents").addEventListener("click", wantsDocuments);
  byId("close-source").addEventListener("click", wantsDocuments);
  byId("back").addEventListener("click", leavePlace);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && sheetIsOpen() && !document.querySelector("dialog[open]")) leavePlace();
  });
}
