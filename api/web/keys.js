import { byId } from "./dom.js";
import { keep, recall } from "./storage.js";

const NAME = "sourcespan.key";
const dialog = byId("key-dialog");
const field = byId("key");
const change = byId("change-key");
let asking = null;

/** The API key of this tab, or null. It is gone when the tab is closed. */
export function storedKey() {
  return recall("sessionStorage", NAME, null);
}

/** A key in place of the one that was refused (null: none was shown), or null when the reader gives none. */
export function askForKey(refused) {
  const current = storedKey();
  if (current !== refused) return Promise.resolve(current);
  asking ??= entered(refused === null ? "" : "The server did not accept that key.").finally(() => {
    asking = null;
  });
  return asking;
}

export function startKeys() {
  change.hidden = storedKey() === null;
  byId("key-cancel").addEventListener("click", () => dialog.close());
  change.addEventListener("click", async () => {
    if ((await entered("")) !== null) location.reload();
  });
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
        change.hidden = false;
      }
      resolve(key === "" ? null : key);
    };
    dialog.addEventListener("close", settle, { once: true });
  });
}
