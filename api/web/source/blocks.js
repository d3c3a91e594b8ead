import { element } from "../frame/dom.js";
import { t } from "../words/language.js";
import { holding, marking, reveal } from "./marks.js";
import { showPlain } from "./plain.js";
import { cursor } from "./spans.js";

const TOGETHER = 30;
const TAGS = { paragraph: "p", list_item: "li", code: "pre", note: "p", caption: "p" };

/** The document as its headings, paragraphs, lists and tables, every character where the stored text has it. */
export async function showBlocks(body, source) {
  const [outline, checked] = await Promise.all([source.outline(), source.checked]);
  if (!source.current()) return undefined;
  // replaced a moment ago: its blocks are those of another text
  if (outline.sha256 !== checked.sha256) return showPlain(body, source);
  const cut = marking(checked.text, checked);
  const at = cursor(checked.text);
  const nodes = outline.blocks.map((block) => ({ kind: block.kind, node: nodeOf(block, at, cut) }));
  body.replaceChildren(...inGroups(listed(nodes)));
  reveal(body);
  return undefined;
}

function nodeOf({ kind, level, start, end, rows }, at, cut) {
  if (kind === "table") return table(rows, at, cut);
  const tag = kind === "heading" ? `h${Math.min(level + 2, 6)}` : TAGS[kind];
  const attributes = { class: kind, "data-level": level, dir: "auto" };
  return holding(tag, attributes, cut, at(start), at(end));
}

function table(rows, at, cut) {
  const cell = ({ start, end, header }) => holding(header ? "th" : "td", { dir: "auto" }, cut, at(start), at(end));
  const lines = rows.map((cells) => element("tr", {}, ...cells.map(cell)));
  const label = { class: "table", tabindex: "0", role: "region", "aria-label": t("table") };
  return element("div", label, element("table", {}, element("tbody", {}, ...lines)));
}

/** Items that follow one another make one list; their markers are a part of the text. */
function listed(blocks) {
  const nodes = [];
  let list = null;
  for (const { kind, node } of blocks) {
    if (kind === "list_item") {
      if (list === null) nodes.push((list = element("ul", { role: "list" })));
      list.append(node);
    } else {
      list = null;
      nodes.push(node);
    }
  }
  return nodes;
}

// a browser lays out only the groups in view, so a book opens at once
function inGroups(nodes) {
  const groups = [];
  for (let first = 0; first < nodes.length; first += TOGETHER) {
    groups.push(element("div", { class: "block" }, ...nodes.slice(first, first + TOGETHER)));
  }
  return groups;
}
