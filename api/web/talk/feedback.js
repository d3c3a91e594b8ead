import { giveFeedback, withdrawFeedback } from "../server/api.js";
import { rememberVerdict } from "./conversations.js";
import { announce, element } from "../frame/dom.js";
import { asProblem } from "../server/http.js";
import { icon } from "../frame/icons.js";
import { t } from "../words/language.js";

const painters = new Map();

const quoted = ({ document, span, text }) => ({ document_id: document.id, span, text });

/** Thumbs for the best answer of a record, or for its "not in the documents". */
export function thumbs(record) {
  const abstained = shownAnswer(record) === null;
  const up = thumb("up", "right", t(abstained ? "rightNone" : "right"), record);
  const down = thumb("down", abstained ? "missing" : "wrong", t(abstained ? "missing" : "wrong"), record);
  const words = element("p", { class: "thanks" });
  const paint = () => {
    for (const button of [up, down]) {
      button.setAttribute("aria-pressed", String(button.dataset.verdict === record.verdict));
    }
    words.textContent = record.verdict === null ? "" : thanks(record.verdict);
  };
  painters.set(record.id, { paint, words, record });
  paint();
  const question = t(abstained ? "isThatSo" : "isItRight");
  const group = element("span", { class: "thumbs", role: "group", "aria-label": question }, up, down);
  return element("div", { class: "verdict" }, group, words);
}

const thanks = (verdict) => t(`${verdict}Thanks`);

function thumb(name, verdict, label, record) {
  const attributes = { type: "button", class: "quiet thumb", "data-verdict": verdict };
  const button = element("button", attributes, icon(name), label);
  button.addEventListener("click", () => {
    if (record.verdict === verdict) withdraw(record);
    else send(record, { verdict, answer: quotedAnswer(record) }, verdict);
  });
  return button;
}

/** The answer that a record shows: given, or the closest of which it is not sure; null where it shows none. */
export function shownAnswer({ result }) {
  if (!result.abstained) return result.answers[0];
  return result.status === "unsure" ? result.candidates[0] : null;
}

function quotedAnswer(record) {
  const shown = shownAnswer(record);
  return shown && quoted(shown);
}

/** Say that the answer to a record's question stands at a place of a document; tells whether that was noted. */
export function teach(record, place) {
  const shown = quotedAnswer(record);
  const candidates = record.result.status === "unsure" ? [shownAnswer(record)] : record.result.answers;
  const same = (one) => one.document.id === place.document.id && one.span.start === place.span.start && one.span.end === place.span.end;
  if (candidates.some(same)) {
    return send(record, { verdict: "right", answer: quoted(place) }, "right");
  }
  const verdict = shown === null ? "missing" : "wrong";
  return send(record, { verdict, answer: shown, corrected: quoted(place) }, "corrected");
}

async function send(record, said, verdict) {
  const given = painters.get(record.id)?.record ?? record; // the one that is shown may be another object
  return noted(given, async () => {
    const { id } = await giveFeedback({ question: record.result.read_as ?? record.question, ...said });
    if (given.feedback) await withdrawFeedback(given.feedback);
    rememberVerdict(given, verdict, id);
    return thanks(verdict);
  });
}

function withdraw(record) {
  return noted(record, async () => {
    if (record.feedback) await withdrawFeedback(record.feedback);
    rememberVerdict(record, null, null);
    return t("withdrawn");
  });
}

/** Do something with a verdict, and say what came of it; gives the words. */
async function noted(record, work) {
  const painter = painters.get(record.id);
  try {
    const words = await work();
    painter?.paint();
    announce(words);
    return words;
  } catch (error) {
    const words = t("notNoted", asProblem(error).sentence);
    if (painter) painter.words.textContent = words;
    announce(words);
    return words;
  }
}
