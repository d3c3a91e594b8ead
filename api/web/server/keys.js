import { byId } from "../frame/dom.js";
import { t } from "../words/language.js";
import { keep, recall } from "../frame/storage.js";

const NAME = "sourcespan.key";
const dialog = byId("key-dialog");
const field = byId("key");
const remembered = byId("key-remember");
let asking = null;

/** The API key of this tab, else the one that the reader wanted remembered, else null. */
export function storedKey() {
  return recall("sessionStorage", NAME, null) ?? recall("localStorage", NAME, null);
}

/** A key in place of the one that was refused (null: none was shown), or null when the reader gives none. */
export function askForKey(refused) {
  const current = storedKey();
  if (current !== refused) return Promise.resolve(current);
  asking ??= entered(refused === null ? "" : t("keyRefused")).finally(() => {
    asking = null;
  });
  return asking;
}

export function startKeys() {
  offer();
  byId("key-cancel").addEventListener("click", () => dialog.close());
  byId("change-key").addEventListener("click", async () => {
    if ((await entered("")) !== null) location.reload();
  });
  byId("forget-key").addEventListener("click", () => {
    for (const storage of ["sessionStorage", "localStorage"]) keep(storage, NAME, null);
    location.reload();
  });
}

function offer() {
  byId("change-key").hidden = byId("forget-key").hidden = storedKey() === null;
}

function entered(complaint) {
  byId("key-message").textContent = complaint;
  field.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const settle = () => {
      const key = dialog.returnValue === "use" ? field.value.trim() : "";
      field.value = "";
      if (key !== "") {
        keep("sessionStorage", NAME, key);
        keep("localStorage", NAME, remembered.checked ? key : null);
        offer();
      }
      resolve(key === "" ? null : key);
    };
    dialog.addEventListener("close", settle, { once: true });
  });
}
