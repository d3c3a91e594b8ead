import { citation, copyButton, pageOf, reference } from "./citation.js";
import { element } from "../frame/dom.js";
import { thumbs } from "./feedback.js";
import { icon } from "../frame/icons.js";
import { t } from "../words/language.js";
import { questionLink } from "../frame/links.js";
import { describeConfidence, inSentence } from "../source/spans.js";

/** The Target of an answer or a candidate. */
export function answerTarget(answer) {
  const { document, span, text, sentence, passage, page, page_label, heading } = answer;
  return { kind: "answer", document, span, text, sentence, passage, page, page_label, heading };
}

/** What came of a question, as nodes; `show` opens a Target. */
export function resultNodes(record, show) {
  const { result } = record;
  const opened = (target, trigger) => show({ ...target, record }, trigger);
  const nodes = { answered: answers, unsure, not_found: abstention, not_understood: notUnderstood }[result.status];
  return [outcome(result.status), readAs(result), ...nodes(record, opened)].filter(Boolean);
}

/** The outcome at a glance: a drawing, a colour and words for each. */
function outcome(status) {
  return element("p", { class: "outcome", "data-status": status }, icon(status), t(`status_${status}`));
}

function readAs({ read_as: question }) {
  if (question == null) return null;
  return element("p", { class: "read-as muted" }, t("readAs"), element("q", { dir: "auto" }, question));
}

/** What is said where no answer is shown. */
export function inWords({ status, detail }) {
  return status === "not_understood" ? t("whyNotUnderstood", detail) : t("status_not_found");
}

/** The best answer so far, while the rest is still being read. */
export function provisional(answer) {
  return element(
    "figure",
    { class: "answer is-provisional" },
    element("blockquote", { dir: "auto" }, ...marked(answer)),
    element("figcaption", {}, provenance(answer), confidence(answer.confidence), t("provisional")),
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
    passagesRead(result, "passagesRead", show),
  ];
}

function unsure(record, show) {
  const { result } = record;
  const [closest, ...others] = result.candidates;
  return [
    quotation(closest, record, show, "answer is-unsure"),
    lessLikely(others, show),
    passagesRead(result, "passagesRead", show),
  ];
}

function notUnderstood(record, show) {
  return [
    element("p", { class: "not-understood" }, inWords(record.result)),
    passagesRead(record.result, "nearestPassages", show),
  ];
}

function quotation(answer, record, show, kind = "answer") {
  const target = answerTarget(answer);
  const button = element("button", { type: "button", class: "show quiet" }, t("showInSource"));
  const open = () => show(target, button);
  button.addEventListener("click", open);
  const quote = element(
    "blockquote",
    { dir: "auto", class: answer.kind, click: () => unlessSelecting(open) },
    ...marked(answer),
  );
  return element(
    "figure",
    { class: kind },
    quote,
    element("figcaption", {}, provenance(answer), confidence(answer.confidence), deciding(answer), button),
    element(
      "div",
      { class: "actions" },
      copyButton(t("copyQuote"), () => citation(answer)),
      copyButton(t("copyReference"), () => reference(answer)),
      askLink(record),
      thumbs(record),
    ),
  );
}

function askLink({ question, result }) {
  return copyButton(t("copyLink"), () => questionLink(result.read_as ?? question));
}

// People drag over a quote to copy it; that is not a wish to go to the source.
function unlessSelecting(action) {
  if (getSelection()?.isCollapsed ?? true) action();
}

/** The answer marked inside its sentence. */
function marked(answer) {
  const [before, text, after] = inSentence(answer);
  return [before, element("mark", {}, text), after];
}

function provenance(place) {
  const { document, heading } = place;
  const page = pageOf(place);
  const cite = element("cite", { dir: "auto" }, document.title);
  const under = heading && heading !== document.title ? element("span", { dir: "auto" }, ` › ${heading}`) : null;
  return element("span", { class: "provenance" }, cite, page == null ? null : `, ${t("page", page)}`, under);
}

function confidence(value) {
  const { words, level, percent } = describeConfidence(value);
  const meter = element("span", { class: "meter", "data-level": level, "aria-hidden": "true" });
  meter.append(...[1, 2, 3, 4].map(() => element("i")));
  return element("span", { class: "confidence" }, meter, `${words} · ${percent}`);
}

/** To a yes/no question the page says neither: it shows what the document says. */
function deciding({ kind }) {
  return kind === "clause" ? element("span", { class: "muted" }, t("deciding")) : null;
}

function alsoAt(answer, passages, show) {
  if (answer.also_at.length === 0) return null;
  const documents = [answer, ...passages].map((one) => one.document);
  const places = answer.also_at.map(({ document_id: id, span }) => {
    // these places name their document by id alone
    const document = documents.find((known) => known.id === id) ?? { id, title: t("unnamed") };
    const target = { kind: "answer", document, span, text: answer.text, passage: null };
    const label = element("span", { class: "item-facts" }, provenance({ document }), t("characters", span.start, span.end));
    return element("li", {}, item(target, show, label));
  });
  return disclosure(t("alsoAt", places.length), element("ul", { class: "items" }, ...places));
}

function otherAnswers(others, show) {
  if (others.length === 0) return null;
  return element(
    "section",
    { class: "others" },
    element("h3", {}, t("otherAnswers", others.length)),
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
  return disclosure(t(label, rows.length), element("ol", { class: "items" }, ...rows));
}

function passageItem(passage, show) {
  const { document, start, end, text, page, page_label, heading } = passage;
  const target = { kind: "passage", document, span: { start, end }, text, passage: null, page, page_label, heading };
  return item(
    target,
    show,
    element("span", { class: "item-passage", dir: "auto" }, text),
    element("span", { class: "item-facts" }, provenance(passage), element("span", {}, t("characters", start, end))),
  );
}

function abstention(record, show) {
  const { result } = record;
  const read = result.passages.length;
  return [
    element("p", { class: "muted" }, read > 0 ? t("readInVain", read) : t("nothingToRead")),
    element("div", { class: "actions" }, askLink(record), thumbs(record)),
    closestGuess(result.candidates, show),
    passagesRead(result, "nearestPassages", show),
  ];
}

function closestGuess(candidates, show) {
  if (candidates.length === 0) return null;
  const note = element("p", { class: "muted" }, t("closestGuess"));
  return disclosure(t("wouldHaveSaid"), note, answerList(candidates, show));
}

function lessLikely(candidates, show) {
  if (candidates.length === 0) return null;
  return disclosure(t("lessLikely", candidates.length), answerList(candidates, show));
}

function answerList(answers, show) {
  return element("ul", { class: "items" }, ...answers.map((answer) => element("li", {}, answerItem(answer, show))));
}

function disclosure(label, ...children) {
  return element("details", {}, element("summary", {}, label), ...children);
}
