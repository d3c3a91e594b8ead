import { ask, asProblem } from "./api.js";
import { answerTarget, beginExchange } from "./conversation.js";
import { startDocuments } from "./documents.js";
import { announce, byId } from "./dom.js";
import { closeSheet, isNarrow, openSheet, showPanel, startPane } from "./pane.js";
import { showSource } from "./source.js";
import { describeConfidence } from "./spans.js";

const form = byId("composer");
const input = byId("question");
const send = byId("send");
const touch = matchMedia("(pointer: coarse)");
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
  const exchange = beginExchange(question, showOnRequest);
  try {
    const result = await ask(question);
    exchange.answer(result);
    present(result, exchange);
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

function present(result, exchange) {
  if (result.abstained) {
    showPanel("documents");
    announce("The documents don’t say.");
    return;
  }
  const [best] = result.answers;
  const { words, percent } = describeConfidence(best.confidence);
  announce(`Answer: ${best.text}. ${words}, ${percent}. From ${best.document.title}.`);
  if (!isNarrow()) show(answerTarget(best), exchange.showButton());
}

function setEmpty(on) {
  document.body.classList.toggle("is-empty", on);
  byId("welcome").hidden = !on;
  byId("start-over").hidden = on;
}

function startOver() {
  byId("exchanges").replaceChildren();
  showPanel("documents");
  setEmpty(true);
  input.focus();
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

byId("start-over").addEventListener("click", startOver);
startPane();
startDocuments(showOnRequest, askQuestion);
