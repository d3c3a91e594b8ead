import { element } from "../frame/dom.js";

/**
 * A function that gives the characters [from, to) of `text` as nodes, with what lies in `quote` marked and what lies in
 * `passage` tinted; both are ranges in UTF-16 units, or null.
 */
export function marking(text, { quote, passage }) {
  const inside = (range, from) => range !== null && range.from <= from && from < range.to;
  const edges = [quote, passage].filter(Boolean).flatMap(({ from, to }) => [from, to]);
  return (from, to) => {
    const cuts = edges.filter((edge) => from < edge && edge < to).sort((a, b) => a - b);
    return [from, ...cuts].map((start, number) => {
      const words = text.slice(start, cuts[number] ?? to);
      if (inside(quote, start)) return element("mark", {}, words);
      return inside(passage, start) ? element("span", { class: "passage" }, words) : words;
    });
  };
}

/** An element that holds exactly these characters, and says where they begin, so that a selection has offsets. */
export function holding(tag, attributes, cut, from, to) {
  return element(tag, { ...attributes, "data-from": from }, ...cut(from, to));
}

/** Bring into view what is marked, else what is tinted, else the beginning. */
export function reveal(body) {
  // a passage may be taller than the pane: its middle is no place to look for the quote
  const shown = body.querySelector("mark") ?? body.querySelector(".passage");
  if (shown === null) {
    body.scrollTop = 0;
    return;
  }
  const scroll = () => shown.scrollIntoView({ block: "center", inline: "nearest" });
  shown.closest(".block").classList.add("is-laid-out");
  scroll();
  requestAnimationFrame(scroll); // what came into view is laid out now, and may be taller than was thought
}
