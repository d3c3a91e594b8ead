import { UNNAMED } from "./api.js";
import { byId, element } from "./dom.js";
import { count, describeConfidence, describeSpan, relativeTo, utf16Range } from "./spans.js";

/**
 * Put a question into the conversation and hand back the way to settle it.
 * `show` is called with a source.js Target when the reader wants to see a place.
 */
export function beginExchange(question, show) {
  const reply = element("div", { class: "reply", "aria-busy": "true" }, waiting());
  const exchange = element(
    "li",
    { class: "exchange" },
    element("h2", { class: question.length > 200 ? "question is-long" : "question", dir: "auto" }, question),
    reply,
  );
  byId("exchanges").append(exchange);
  exchange.scrollIntoView({ block: "start" });
  const settle = (...nodes) => {
    reply.removeAttribute("aria-busy");
    reply.replaceChildren(...nodes);
    exchange.scrollIntoView({ block: "start" });
    // a very long question must not push its own answer out of view
    reply.firstElementChild.scrollIntoView({ block: "nearest" });
  };
  return {
    answer: (result) => settle(...(result.abstained ? abstention(result, show) : answers(result, show))),
    fail: (problem, retry) => {
      const again = () => {
        exchange.remove();
        retry();
      };
      settle(failure(problem, again));
    },
    showButton: () => reply.querySelector("button.show"),
  };
}

/** The Target of an answer or a candidate. */
export function answerTarget(answer) {
  const { document, span, text, passage, page } = answer;
  return { kind: "answer", document, span, text, passage, page };
}

function waiting() {
  return element(
    "div",
    { class: "waiting" },
    element("p", { class: "visually-hidden" }, "Reading the documents…"),
    ...["", "", ""].map(() => element("span", { class: "waiting-line", "aria-hidden": "true" })),
  );
}

function answers(result, show) {
  const [best, ...others] = result.answers;
  return [
    quotation(best, show),
    alsoAt(best, result.passages, show),
    otherAnswers(others, show),
    passagesRead(result, "Passages read", show),
  ].filter(Boolean);
}

function quotation(answer, show) {
  const target = answerTarget(answer);
  const button = element("button", { type: "button", class: "show quiet" }, "Show in the source");
  const open = () => show(target, button);
  button.addEventListener("click", open);
  const quote = element("blockquote", { dir: "auto", click: () => unlessSelecting(open) }, ...inSentence(answer));
  return element(
    "figure",
    { class: "answer" },
    quote,
    element("figcaption", {}, provenance(answer), confidence(answer.confidence), button),
  );
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

function provenance({ document, page }) {
  const cite = element("cite", { dir: "auto" }, document.title);
  return element("span", { class: "provenance" }, cite, page == null ? null : `, page ${page}`);
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
    element("ul", { class: "items" }, ...others.map((other) => element("li", {}, answerItem(other, show)))),
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
  const { document, start, end, text, page } = passage;
  const target = { kind: "passage", document, span: { start, end }, text, passage: null, page };
  return item(
    target,
    show,
    element("span", { class: "item-passage", dir: "auto" }, text),
    element("span", { class: "item-facts" }, provenance(passage), element("span", {}, describeSpan({ start, end }))),
  );
}

function abstention(result, show) {
  const read = result.passages.length;
  const how = read > 0 ? `${count(read, "passage")} read` : "Nothing was found to read";
  return [
    element("p", { class: "abstained" }, "The documents don’t say."),
    element("p", { class: "muted" }, `${how}; none answers this with enough confidence to quote.`),
    closestGuess(result.candidates, show),
    passagesRead(result, "Nearest passages", show),
  ].filter(Boolean);
}

function closestGuess(candidates, show) {
  if (candidates.length === 0) return null;
  const rows = candidates.map((candidate) => element("li", {}, answerItem(candidate, show)));
  return disclosure(
    "What it would have said",
    element("p", { class: "muted" }, "Closest guess, not confident:"),
    element("ul", { class: "items" }, ...rows),
  );
}

function disclosure(label, ...children) {
  return element("details", {}, element("summary", {}, label), ...children);
}

function failure(problem, retry) {
  const faults = problem.faults.map((fault) => element("li", {}, `${fault.field}: ${fault.detail}`));
  return element(
    "div",
    { class: "failure" },
    element("p", { class: "failure-title" }, problem.title),
    problem.detail ? element("p", {}, problem.detail) : null,
    faults.length > 0 ? element("ul", {}, ...faults) : null,
    element("button", { type: "button", class: "quiet", click: retry }, "Try again"),
  );
}
