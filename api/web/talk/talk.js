import { answerTarget, inWords } from "./answers.js";
import { ask } from "../server/api.js";
import { find, onChangeElsewhere, openId, records, remember, setOpen, turns } from "./conversations.js";
import { announce, byId } from "../frame/dom.js";
import { asked } from "../library/chosen.js";
import { beginExchange } from "./exchange.js";
import { shownAnswer } from "./feedback.js";
import { asProblem } from "../server/http.js";
import { t } from "../words/language.js";
import { named } from "../frame/links.js";
import { visit } from "../frame/navigation.js";
import { closeSheet, isNarrow, showPanel } from "../frame/pane.js";
import { describeConfidence } from "../source/spans.js";
import { open, show } from "../frame/view.js";

const form = byId("composer");
const input = byId("question");
const counter = byId("count");
const limit = Number(input.dataset.limit);
const touch = matchMedia("(pointer: coarse)");
const settled = new Map();
let underWay = null;
let presented = null;
let outdated = false;

/** Ask in the conversation that is open, or in a new one. */
export async function askQuestion(question) {
  if (underWay !== null) return;
  const control = new AbortController();
  setUnderWay(control);
  dispatchEvent(new Event("question-asked"));
  setEmpty(false);
  closeSheet();
  input.value = "";
  paintCount();
  settleFocus();
  const id = openId();
  visit({ question }, { replace: id !== null || named().question === question });
  presented = question;
  const exchange = beginExchange(question, open);
  exchange.reveal();
  try {
    const result = await ask({ question, history: turns(), ...asked() }, exchange.hear, control.signal);
    const record = remember(id, question, result);
    if (openId() === id) arrive(exchange, record);
  } catch (error) {
    const problem = asProblem(error);
    if (input.value === "") input.value = question;
    paintCount();
    exchange.fail(problem, () => askAgain(question));
    announce(t("notAnswered", problem.sentence));
  } finally {
    setUnderWay(null);
    if (outdated) openConversation(openId());
  }
}

function arrive(exchange, record) {
  setOpen(record.conversation);
  settle(exchange, record);
  visit({ conversation: record.conversation, question: record.question }, { replace: true });
  present(record.question);
}

function askAgain(question) {
  if (input.value === question) input.value = "";
  return askQuestion(question);
}

// A button that goes away drops the focus; and on a phone the keyboard would hide the answer.
function settleFocus() {
  if (touch.matches) input.blur();
  else input.focus({ preventScroll: true });
}

function settle(exchange, record) {
  exchange.settle(record);
  settled.set(record.question, { exchange, record });
}

/** Bring the newest answer to a question into view, and its place in the source unless the pane shows another. */
function present(question, { andPlace = true } = {}) {
  presented = question;
  const { exchange, record } = settled.get(question);
  exchange.reveal();
  const best = shownAnswer(record);
  if (best === null) {
    if (andPlace) showPanel("documents");
    announce(inWords(record.result));
    return;
  }
  const { words, percent } = describeConfidence(best.confidence);
  announce(t("announced", t(`status_${record.result.status}`), best.text, words, percent, best.document.title));
  if (isNarrow() || !andPlace) return;
  const [target, trigger] = [{ ...answerTarget(best), record }, exchange.showButton()];
  visit({}, { target, trigger, replace: true });
  show(target, trigger);
}

/** Show a conversation; null, or one that is gone: begin a new one. */
export function openConversation(id) {
  setOpen(id !== null && find(id) ? id : null);
  outdated = false;
  presented = null;
  settled.clear();
  byId("exchanges").replaceChildren();
  for (const record of records()) settle(beginExchange(record.question, open), record);
  setEmpty(settled.size === 0);
  [...settled.values()].at(-1)?.exchange.reveal();
}

/** Show what the address names: a conversation, and the answer to a question, which is asked if it has none yet. */
export function followTalk({ conversation, question }, { andPlace }) {
  const id = conversation && find(conversation) ? conversation : null;
  if (id !== openId() || (id === null && presented !== question)) openConversation(id);
  if (question === null || question === presented) return;
  if (settled.has(question)) present(question, { andPlace });
  else askQuestion(question);
}

function setUnderWay(control) {
  underWay = control;
  form.setAttribute("aria-busy", String(control !== null));
  byId("send").hidden = control !== null;
  byId("stop").hidden = control === null;
}

function setEmpty(on) {
  document.body.classList.toggle("is-empty", on);
  byId("welcome").hidden = !on;
}

function paintCount() {
  const length = Array.from(input.value.trim()).length;
  const over = length > limit;
  counter.hidden = length < limit * 0.8;
  counter.textContent = over ? t("tooLong", length - limit) : t("ofCharacters", length, limit);
  if (over && input.getAttribute("aria-invalid") !== "true") announce(counter.textContent);
  input.setAttribute("aria-invalid", String(over));
  byId("send").disabled = over;
}

function begin() {
  visit({ conversation: null, question: null });
  openConversation(null);
  showPanel("documents");
  input.focus();
}

export function startTalk() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const question = input.value.trim();
    if (question === "") input.focus();
    else if (!byId("send").disabled) askQuestion(question);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") underWay?.abort();
    // Enter also ends the composition of a word in Japanese, Chinese or Korean.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  input.addEventListener("input", paintCount);
  byId("stop").addEventListener("click", () => underWay?.abort());
  byId("new-conversation").addEventListener("click", begin);
  onChangeElsewhere((id) => {
    if (id !== null && id !== openId()) return;
    if (underWay === null) openConversation(openId());
    else outdated = true;
  });
  if (!touch.matches) input.focus();
}
