import { byId } from "../frame/dom.js";
import { t } from "../words/language.js";

const dialog = byId("conflict-dialog");

/** Ask what is to become of a file whose name is there: {wanted: "replace" or "keep_both", always}. */
export function chooseForConflict(name, more) {
  byId("conflict-detail").textContent = t("conflictDetail", name);
  byId("conflict-always").checked = false;
  byId("conflict-more").hidden = !more;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const settle = () => {
      const wanted = dialog.returnValue === "replace" ? "replace" : "keep_both"; // nothing is lost by Escape
      resolve({ wanted, always: byId("conflict-always").checked });
    };
    dialog.addEventListener("close", settle, { once: true });
  });
}
