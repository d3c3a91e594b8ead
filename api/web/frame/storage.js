/*
 * What the browser keeps. It may refuse (private windows, blocked cookies, a full disk): then the page forgets,
 * and works all the same.
 */

/** What was kept under `name`, or `otherwise`. */
export function recall(storage, name, otherwise) {
  try {
    return JSON.parse(globalThis[storage].getItem(name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** Keep a value, null to forget it; tells whether that worked. */
export function keep(storage, name, value) {
  try {
    if (value === null) globalThis[storage].removeItem(name);
    else globalThis[storage].setItem(name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** The names under `prefix` that something is kept under. */
export function keptNames(storage, prefix) {
  try {
    return Object.keys(globalThis[storage]).filter((name) => name.startsWith(prefix));
  } catch {
    return [];
  }
}
