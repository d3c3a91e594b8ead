const SVG = "http://www.w3.org/2000/svg";
const UP = "M7 21H4a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1h3m0 11V10m0 11h9.3a2 2 0 0 0 2-1.6l1.6-8A2 2 0 0 0 18 9h-5V5a2 2 0 0 0-2-2l-4 7";
const PATHS = { up: UP, down: UP };

/** A drawing beside words that say the same. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  const attributes = { viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true" };
  for (const [attribute, value] of Object.entries(attributes)) svg.setAttribute(attribute, value);
  svg.append(path);
  return svg;
}
