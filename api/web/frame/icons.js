const SVG = "http://www.w3.org/2000/svg";
const THUMB = "M7 21H4a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1h3m0 11V10m0 11h9.3a2 2 0 0 0 2-1.6l1.6-8A2 2 0 0 0 18 9h-5V5a2 2 0 0 0-2-2l-4 7";
const PATHS = {
  up: THUMB,
  down: THUMB,
  new: "M12 5v14M5 12h14",
  talk: "M4 5h16v11H9l-5 4z",
  file: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  // what came of a question
  answered: "M10 7H5v5h5zv5a4 4 0 0 1-3 4M20 7h-5v5h5zv5a4 4 0 0 1-3 4",
  unsure: "M8.5 9a3.5 3.5 0 1 1 5.4 2.9c-1.3.9-1.9 1.5-1.9 3.1M12 19h.01",
  not_found: "M5 5l14 14M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16",
  not_understood: "M12 5v9M12 19h.01",
};

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
