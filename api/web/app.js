import { answerTarget, inWords } from "./answers.js";
import { ask } from "./api.js";
import { confirmed } from "./confirm.js";
import { beginExchange } from "./conversation.js";
import { startDocuments } from "./documents.js";
import { announce, byId } from "./dom.js";
import { shownAnswer } from "./feedback.js";
import { forgetAll, records, remember, turns } from "./history.js";
import { asProblem } from "./http.js";
import { startKeys } from "./keys.js";
import { linked, nameQuestion } from "./links.js";
import { closeSheet, isNarrow, openSheet, showPanel, startPane } from "./pane.js";
import { startPlace } from "./place.js";
import { showSource } from "./source.js";
import { describeConfidence } from "./spans.js";
import { startUploads } from "./uploads.js";

const form = byId("composer");
const input = byId("question");
const send = byId("send");
const touch = matchMedia("(pointer: coarse)");
const settled = new Map();
let busy = false;

/** Show a place in the source pane and mark the control that stands for it as the current one. */
function show(target, trigger) {
  for (const other of document.querySelectorAll("[aria-current]")) other.removeAttribute("aria-current");
  trigger?.setAttribute("aria-current", "true");
  showPanel("source");
  openSheet();
  return showSource(target);
}

function showOnRequest(target, trigger) {
  announce(`Showing ${target.document.title} in the source pane.`);
  return show(target, trigger);
}

function setBusy(on) {
  busy = on;
  send.disabled = on;
  byId("start-over").disabled = on;
  form.setAttribute("aria-busy", String(on));
}

async function askQuestion(question) {
  if (busy) return;
  setBusy(true);
  setEmpty(false);
  closeSheet();
  input.value = "";
  settleFocus();
  nameQuestion(question);
  const exchange = beginExchange(question, showOnRequest);
  exchange.reveal();
  try {
    settle(exchange, remember(question, await ask(question, turns(), exchange.hear)));
    present(question);
  } catch (error) {
    const problem = asProblem(error);
    if (input.value === "") input.value = question;
    exchange.fail(problem, () => askAgain(question));
    announce(`The question was not answered. ${problem.sentence}`);
  } finally {
    setBusy(false);
  }
}

function askAgain(question) {
  if (input.value === question) input.value = "";
  return askQuestion(question);
}

// A disabled button drops the focus; and on a phone the keyboard would hide the answer.
function settleFocus() {
  if (touch.matches) input.blur();
  else input.focus({ preventScroll: true });
}

function settle(exchange, record) {
  exchange.settle(record);
  settled.set(record.question, { exchange, record });
}

/** Bring the newest answer to a question into view, with its place in the source. */
function present(question) {
  const { exchange, record } = settled.get(question);
  exchange.reveal();
  const best = shownAnswer(record);
  if (best === null) {
    showPanel("documents");
    announce(inWords(record.result));
    return;
  }
  const { words, percent } = describeConfidence(best.confidence);
  const what = record.result.abstained ? "Not sure. Closest" : "Answer";
  announce(`${what}: ${best.text}. ${words}, ${percent}. From ${best.document.title}.`);
  if (!isNarrow()) show({ ...answerTarget(best), record }, exchange.showButton());
}

function setEmpty(on) {
  document.body.classList.toggle("is-empty", on);
  byId("welcome").hidden = !on;
  byId("start-over").hidden = on;
}

async function clear() {
  const sure = await confirmed({
    heading: "Clear the conversation?",
    detail: "This browser forgets its questions and answers. The documents stay.",
    keep: "Keep it",
    act: "Clear",
  });
  if (!sure) return;
  forgetAll();
  settled.clear();
  byId("exchanges").replaceChildren();
  nameQuestion(null);
  showPanel("documents");
  setEmpty(true);
  input.focus();
}

function restore() {
  for (const record of records()) settle(beginExchange(record.question, showOnRequest), record);
  setEmpty(settled.size === 0);
  [...settled.values()].at(-1)?.exchange.reveal();
}

// A question that has its answer here is not asked again: the page may only have been reloaded.
function followLink() {
  const link = linked();
  if (link?.question && settled.has(link.question)) present(link.question);
  else if (link?.question) askQuestion(link.question);
  else if (link) show({ kind: link.span ? "link" : "document", ...link }, null);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const question = input.value.trim();
  if (question === "") input.focus();
  else askQuestion(question);
});

input.addEventListener("keydown", (event) => {
  // Enter also ends the composition of a word in Japanese, Chinese or Korean.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

byId("start-over").addEventListener("click", clear);
startKeys();
startPane();
startPlace();
startUploads(startDocuments(showOnRequest, askQuestion));
restore();
followLink();
addEventListener("hashchange", followLink);
