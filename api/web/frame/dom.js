/** The element with this id; a missing one is a mistake in index.html. */
export function byId(id) {
  const node = document.getElementById(id);
  if (node === null) throw new Error(`index.html has no #${id}`);
  return node;
}

/**
 * Make an element from attributes (functions become event listeners) and children. Strings become
 * text nodes and nothing else, so that no document or question can ever turn into markup.
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

/** Say something to people who listen to the page instead of looking at it. */
export function announce(message) {
  byId("announcer").textContent = message;
}
