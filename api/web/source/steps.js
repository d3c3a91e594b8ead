import { byId } from "../frame/dom.js";
import { t } from "../words/language.js";

/* From one place of what came of a question to the next. */

const bar = byId("source-steps");
const words = byId("source-step");

let places = [];
let index = -1;

/** Offer the places beside the one that is shown. */
export function paintSteps(target) {
  places = target.record ? placesOf(target.record) : [];
  index = places.findIndex((place) => isSame(place, target));
  bar.hidden = index < 0 || places.length < 2;
  words.textContent = t("placeOf", index + 1, places.length);
}

/** `go(target)` shows another place. */
export function startSteps(go) {
  const step = (by) => () => go(places.at((index + by) % places.length), null);
  byId("previous-place").addEventListener("click", step(-1));
  byId("next-place").addEventListener("click", step(1));
}

function placesOf(record) {
  const { answers, candidates } = record.result;
  const shown = answers.length > 0 ? answers : candidates;
  return shown.flatMap((answer) => [
    { ...answer, kind: "answer", record },
    ...answer.also_at.map(({ document_id: id, span }) => ({ kind: "answer", document: { id }, span, text: answer.text, record })),
  ]);
}

const isSame = (one, other) => one.document.id === other.document.id && one.span.start === other.span?.start && one.span.end === other.span.end;
