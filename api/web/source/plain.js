import { holding, marking, reveal } from "./marks.js";

const BLOCK_LENGTH = 20_000;

/** The stored text as it is, every character kept. */
export async function showPlain(body, { checked, current }) {
  const { text, quote, passage } = await checked;
  if (!current()) return;
  const cut = marking(text, { quote, passage });
  body.replaceChildren(...lines(text).map(({ from, to }) => holding("div", { class: "block plain" }, cut, from, to)));
  reveal(body);
}

/** Ranges of whole lines: a browser lays out only the blocks in view, so a book opens at once. */
function lines(text) {
  const ranges = [];
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf("\n", from + BLOCK_LENGTH);
    const to = end < 0 ? text.length : end + 1;
    ranges.push({ from, to });
    from = to;
  }
  return ranges;
}
