import { byId } from "./dom.js";

const dialog = byId("confirm-dialog");

/** Ask before something that can't be undone; resolves to whether the reader wants it. */
export function confirmed({ heading, detail, keep, act }) {
  byId("confirm-heading").textContent = heading;
  byId("confirm-detail").textContent = detail;
  byId("confirm-keep").textContent = keep;
  byId("confirm-act").textContent = act;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "act"), { once: true });
  });
}
