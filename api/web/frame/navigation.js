import { addressOf, named, placeOf } from "./links.js";

/*
 * Where the reader is, kept in the browser's history so that Back works: a conversation, a question of it, and what the
 * pane shows. A Target says more than an address can; it is kept here as long as the page is.
 */

const shown = new Map();
let lastKey = 0;

/** Go on to what differs from here; `target` and `trigger` belong to a place in the source. */
export function visit(changes, { target = null, trigger = null, replace = false } = {}) {
  const key = target && `${performance.timeOrigin}.${(lastKey += 1)}`;
  if (key) shown.set(key, { target, trigger });
  const parts = { ...named(), place: null, panel: null, ...changes };
  const depth = replace ? 0 : (history.state?.depth ?? 0) + 1;
  history[replace ? "replaceState" : "pushState"]({ key, depth }, "", addressOf(parts));
}

/** Go on to a place in the source. */
export function visitPlace(target, trigger) {
  visit({ place: placeOf(target) }, { target, trigger });
}

/** Go back to where the pane was opened from. */
export function leavePlace() {
  const depth = history.state?.depth ?? 0;
  if (depth > 0) return history.go(-depth);
  visit({}, { replace: true });
  dispatchEvent(new PopStateEvent("popstate"));
}

/** What stands at this point of the history: {conversation, question, place, panel, target, trigger}. */
export function here() {
  return { ...named(), ...shown.get(history.state?.key) };
}
