import { UNNAMED } from "./api.js";
import { citation, copyButton } from "./citation.js";
import { element } from "./dom.js";
import { thumbs } from "./feedback.js";
import { questionLink } from "./links.js";
import { count, describeConfidence, describeSpan, relativeTo, utf16Range } from "./spans.js";

/** The Target of an answer or a candidate. */
export function answerTarget(answer) {
  const { document, span, text, passage, page, heading } = answer;
  return { kind: "answer", document, span, text, passage, page, heading };
}

/** What came of a question, as nodes; `show` opens a Target. */
export function resultNodes(record, show) {
  const { result } = record;
  const opened = (target, trigger) => show({ ...target, record }, trigger);
  const nodes = { answered: answers, unsure, not_found: abstention, not_understood: notUnderstood }[statusOf(result)];
  return [readAs(result), ...nodes(record, opened)].filter(Boolean);
}

// what was kept before there were more states has none
function statusOf({ status, abstained }) {
  return status ?? (abstained ? "not_found" : "answered");
}

function readAs({ read_as: question }) {
  if (question == null) return null;
  return element("p", { class: "read-as muted" }, "Read as: ", element("q", { dir: "auto" }, question));
}

/** What is said where no answer is shown. */
export function inWords({ status, detail }) {
  return status === "not_understood" ? detail : "The documents don’t say.";
}

/** The best answer so far, while the rest is still being read. */
export function provisional(answer) {
  return element(
    "figure",
    { class: "answer is-provisional" },
    element("blockquote", { dir: "auto" }, ...inSentence(answer)),
    element("figcaption", {}, provenance(answer), confidence(answer.confidence), "Best so far, still reading…"),
  );
}

function answers(record, show) {
  const { result } = record;
  const [best, ...others] = result.answers;
  return [
    quotation(best, record, show),
    alsoAt(best, result.passages, show),
    otherAnswers(others, show),
    lessLikely(result.candidates, show),
    passagesRead(result, "Passages read", show),
  ];
}

function unsure(record, show) {
  const { result } = record;
  const [closest, ...others] = result.candidates;
  return [
    element("p", { class: "unsure" }, "Not sure. This is the closest:"),
    quotation(closest, record, show, "answer is-unsure"),
    lessLikely(others, show),
    passagesRead(result, "Passages read", show),
  ];
}

function notUnderstood(record, show) {
  return [
    element("p", { class: "not-understood" }, record.result.detail),
    passagesRead(record.result, "Nearest passages", show),
  ];
}

function quotation(answer, record, show, kind = "answer") {
  const target = answerTarget(answer);
  const button = element("button", { type: "button", class: "show quiet" }, "Show in the source");
  const open = () => show(target, button);
  button.addEventListener("click", open);
  const quote = element("blockquote", { dir: "auto", click: () => unlessSelecting(open) }, ...inSentence(answer));
  return element(
    "figure",
    { class: kind },
    quote,
    element("figcaption", {}, provenance(answer), confidence(answer.confidence), button),
    element("div", { class: "actions" }, copyButton("Copy quote", () => citation(answer)), askLink(record), thumbs(record)),
  );
}

function askLink({ question, result }) {
  return copyButton("Copy link", () => questionLink(result.read_as ?? question));
}

// People drag over a quote to copy it; that is not a wish to go to the source.
function unlessSelecting(action) {
  if (getSelection()?.isCollapsed ?? true) action();
}

/** The answer marked inside its sentence, or alone when it does not lie within one. */
function inSentence({ text, span, sentence }) {
  const mark = element("mark", {}, text);
  const range = sentence ? utf16Range(sentence.text, relativeTo(span, sentence)) : null;
  if (range === null || sentence.text.slice(range.from, range.to) !== text) return [mark];
  return [sentence.text.slice(0, range.from), mark, sentence.text.slice(range.to)];
}

function provenance({ document, page, heading }) {
  const cite = element("cite", { dir: "auto" }, document.title);
  const under = heading && heading !== document.title ? element("span", { dir: "auto" }, ` › ${heading}`) : null;
  return element("span", { class: "provenance" }, cite, page == null ? null : `, page ${page}`, under);
}

function confidence(value) {
  const { words, level, percent } = describeConfidence(value);
  const meter = element("span", { class: "meter", "data-level": level, "aria-hidden": "true" });
  meter.append(...[1, 2, 3, 4].map(() => element("i")));
  return element("span", { class: "confidence" }, meter, `${words} · ${percent}`);
}

function alsoAt(answer, passages, show) {
  if (answer.also_at.length === 0) return null;
  const documents = [answer, ...passages].map((one) => one.document);
  const places = answer.also_at.map(({ document_id: id, span }) => {
    // these places name their document by id alone
    const document = documents.find((known) => known.id === id) ?? { id, title: UNNAMED };
    const target = { kind: "answer", document, span, text: answer.text, passage: null };
    const label = element("span", { class: "item-facts" }, provenance({ document }), describeSpan(span));
    return element("li", {}, item(target, show, label));
  });
  return disclosure(`Also found at ${count(places.length, "other place")}`, element("ul", { class: "items" }, ...places));
}

function otherAnswers(others, show) {
  if (others.length === 0) return null;
  return element(
    "section",
    { class: "others" },
    element("h3", {}, others.length === 1 ? "Another possible answer" : "Other possible answers"),
    answerList(others, show),
  );
}

function answerItem(answer, show) {
  return item(
    answerTarget(answer),
    show,
    element("span", { class: "item-quote", dir: "auto" }, answer.text),
    element("span", { class: "item-facts" }, confidence(answer.confidence), provenance(answer)),
  );
}

function item(target, show, ...children) {
  const button = element("button", { type: "button", class: "item" }, ...children);
  button.addEventListener("click", () => show(target, button));
  return button;
}

function passagesRead(result, label, show) {
  if (result.passages.length === 0) return null;
  const rows = result.passages.map((passage) => element("li", {}, passageItem(passage, show)));
  return disclosure(`${label} (${rows.length})`, element("ol", { class: "items" }, ...rows));
}

function passageItem(passage, show) {
  const { document, start, end, text, page, heading } = passage;
  const target = { kind: "passage", document, span: { start, end }, text, passage: null, page, heading };
  return item(
    target,
    show,
    element("span", { class: "item-passage", dir: "auto" }, text),
    element("span", { class: "item-facts" }, provenance(passage), element("span", {}, describeSpan({ start, end }))),
  );
}

function abstention(record, show) {
  const { result } = record;
  const read = result.passages.length;
  const why =
    read > 0
      ? `${count(read, "passage")} read; none is likely enough to answer this.`
      : "There was nothing to read. Add documents, then ask again.";
  return [
    element("p", { class: "abstained" }, inWords(result)),
    element("p", { class: "muted" }, why),
    element("div", { class: "actions" }, askLink(record), thumbs(record)),
    closestGuess(result.candidates, show),
    passagesRead(result, "Nearest passages", show),
  ];
}

function closestGuess(candidates, show) {
  if (candidates.length === 0) return null;
  const note = element("p", { class: "muted" }, "Closest guess, not confident:");
  return disclosure("What it would have said", note, answerList(candidates, show));
}

function lessLikely(candidates, show) {
  if (candidates.length === 0) return null;
  return disclosure(`Less likely (${candidates.length})`, answerList(candidates, show));
}

function answerList(answers, show) {
  return element("ul", { class: "items" }, ...answers.map((answer) => element("li", {}, answerItem(answer, show))));
}

function disclosure(label, ...children) {
  return element("details", {}, element("summary", {}, label), ...children);
}
