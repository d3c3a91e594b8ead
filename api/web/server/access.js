import { access } from "./api.js";

/** Show what the reader's key allows: whatever puts in or removes, only to whoever may. */
export async function startAccess() {
  try {
    const { scope } = await access();
    document.body.classList.toggle("may-write", scope === "write");
  } catch {
    // the list of documents says what is wrong
  }
}

export function mayWrite() {
  return document.body.classList.contains("may-write");
}
