import { giveFeedback } from "./api.js";
import { announce, element } from "./dom.js";
import { rememberVerdict } from "./history.js";
import { asProblem } from "./http.js";
import { icon } from "./icons.js";

const painters = new Map();

const quoted = ({ document, span, text }) => ({ document_id: document.id, span, text });

/** Thumbs for the best answer of a record, or for its "not in the documents". */
export function thumbs(record) {
  const abstained = shownAnswer(record) === null;
  const up = thumb("up", "right", abstained ? "Right, they don’t say" : "Right", record);
  const down = thumb("down", abstained ? "missing" : "wrong", abstained ? "They do say" : "Wrong", record);
  const words = element("p", { class: "thanks" });
  const paint = () => {
    for (const button of [up, down]) {
      button.setAttribute("aria-pressed", String(button.dataset.verdict === record.verdict));
    }
    words.textContent = THANKS[record.verdict] ?? "";
  };
  painters.set(record.id, { paint, words, record });
  paint();
  const question = abstained ? "Is that so?" : "Is this right?";
  const group = element("span", { class: "thumbs", role: "group", "aria-label": question }, up, down);
  return element("div", { class: "verdict" }, group, words);
}

const THANKS = {
  right: "Thank you, noted.",
  wrong: "Noted. Do you know where the answer stands? Select it in the source.",
  missing: "Noted. Open a document, select the answer, and say that it is here.",
  corrected: "Thank you: the place of the answer is noted.",
};

function thumb(name, verdict, label, record) {
  const attributes = { type: "button", class: "quiet thumb", "data-verdict": verdict };
  const button = element("button", attributes, icon(name), label);
  button.addEventListener("click", () => send(record, { verdict, answer: quotedAnswer(record) }, verdict));
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
  const painter = painters.get(record.id);
  try {
    await giveFeedback({ question: record.result.read_as ?? record.question, ...said });
  } catch (error) {
    const words = `That was not noted. ${asProblem(error).sentence}`;
    if (painter) painter.words.textContent = words;
    announce(words);
    return words;
  }
  // the record that the page shows may be another object than the one that was restored
  const known = painter?.record ?? record;
  rememberVerdict(known, verdict);
  painter?.paint();
  announce(THANKS[verdict]);
  return THANKS[verdict];
}
