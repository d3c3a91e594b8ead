import { sendFile } from "../server/api.js";
import { mayWrite } from "../server/access.js";
import { Problem, asProblem, ownWords } from "../server/http.js";
import { announce, byId, element } from "../frame/dom.js";
import { showPanel } from "../frame/pane.js";
import { t } from "../words/language.js";
import { chooseForConflict } from "./conflict.js";

const CONFLICT = 409;
const FEW = 4;
const RELOAD_MS = 2_000;
const list = byId("uploads");
const picker = byId("file");
const sum = byId("uploads-sum");
const stop = byId("uploads-stop");

let queue = [];
let working = false;
let tally = null; // of this series of files: {total, done, stored, failed}
let choice = null; // what to do with all further files whose name is there

/** Take files from the picker and from drops; `reload` fills the list of documents anew. */
export function startUploads(reload) {
  byId("formats").textContent = picker.accept.replaceAll(",", ", ");
  picker.addEventListener("change", () => {
    add([...picker.files], reload);
    picker.value = "";
  });
  stop.addEventListener("click", () => {
    tally.total -= queue.length;
    queue = [];
    list.querySelector(".upload button")?.click();
  });
  addEventListener("question-asked", tidy);
  acceptDrops(reload);
  addEventListener("beforeunload", (event) => working && event.preventDefault());
}

// One file after the other, as the server stores them: each has its own progress, and its own way to be stopped.
async function add(files, reload) {
  queue.push(...files);
  if (working) {
    tally.total += files.length;
    return;
  }
  working = true;
  choice = null;
  tally = { total: files.length, done: 0, stored: 0, failed: 0 };
  list.replaceChildren();
  let listedAt = performance.now();
  while (queue.length > 0) {
    paintSum();
    const stopped = await send(row(queue.shift())); // perhaps too late: the list says
    if (!stopped && performance.now() - listedAt < RELOAD_MS) continue;
    listedAt = performance.now();
    reload();
  }
  working = false;
  paintSum();
  await reload();
  dispatchEvent(new Event("documents-changed"));
}

// what went well has been seen by whoever goes on to ask; what failed stays
function tidy() {
  if (working) return;
  for (const line of list.querySelectorAll("[data-kind=good]")) line.remove();
  for (const node of list.querySelectorAll(".upload:empty")) node.remove();
  if (list.childElementCount === 0) sum.hidden = true;
}

function paintSum() {
  const { total, done, stored, failed } = tally;
  sum.hidden = total < 2;
  sum.textContent = t("addedOf", stored, total, failed);
  stop.hidden = !working || total - done < 2;
  if (!working && total > 1) announce(sum.textContent);
}

function row(file) {
  const control = new AbortController();
  const state = element("span", { class: "upload-state" }, t("sending"));
  const bar = element("progress", { "aria-label": t("progressOf", file.name) }); // what is sent, browsers do not tell
  const cancel = element("button", { type: "button", class: "quiet", "aria-label": t("cancelNamed", file.name) }, t("cancel"));
  cancel.addEventListener("click", () => control.abort());
  const name = element("span", { class: "upload-name", dir: "auto" }, file.name);
  const upload = { file, control, state, bar, node: element("li", { class: "upload" }, name, state, bar, cancel) };
  list.append(upload.node);
  upload.node.scrollIntoView({ block: "nearest" });
  return upload;
}

async function send(upload) {
  const { file, control } = upload;
  let outcomes;
  try {
    const files = await stored(upload, await inMemory(file));
    outcomes = summed(files.map(outcomeOf), file.name);
  } catch (error) {
    const stopped = control.signal.aborted;
    const words = stopped ? t("youStopped", file.name) : t("fileNotAdded", file.name, asProblem(error).sentence);
    outcomes = [{ stored: false, words }];
  }
  tally.done += 1;
  if (outcomes.every(({ stored }) => stored)) tally.stored += 1;
  else tally.failed += 1;
  conclude(upload, outcomes);
  return control.signal.aborted;
}

/** Send a file; where one of its name is there with another text, the reader says what is to become of them. */
async function stored(upload, file) {
  const { control } = upload;
  const attempt = (conflict) => sendFile(file, conflict, (step) => advance(upload, step), control.signal);
  const files = await attempt(choice ?? "refuse");
  const there = files.find(({ problem }) => problem?.status === CONFLICT);
  if (choice !== null || there === undefined) return files;
  const { wanted, always } = await chooseForConflict(there.file, queue.length > 0);
  if (always) choice = wanted;
  return attempt(wanted);
}

// What was dropped may be a folder, or gone since: sent straight from the disk, it would look like a lost server.
async function inMemory(file) {
  try {
    return new File([await file.arrayBuffer()], file.name, { type: file.type });
  } catch {
    throw new Problem(t("unreadable"), t("unreadableDetail"));
  }
}

function advance({ file, state, bar }, { file: name, done, total }) {
  bar.max = total;
  bar.value = done;
  const inside = name.startsWith(`${file.name}/`) ? `${name.slice(file.name.length + 1)}: ` : "";
  state.textContent = `${inside}${t("ofPassages", done, total)}`;
}

/** Of an archive with many files, what went well in one line, and each that did not. */
function summed(outcomes, name) {
  if (outcomes.length <= FEW) return outcomes;
  const stored = outcomes.filter((outcome) => outcome.stored);
  const known = stored.filter((outcome) => outcome.isKnown).length;
  const good = stored.length > 0 ? [{ stored: true, words: t("addedFrom", name, stored.length, known) }] : [];
  return [...good, ...outcomes.filter((outcome) => !outcome.stored)];
}

const STORED = { new: "added", replaced: "replaced", known: "alreadyHere" };

function outcomeOf({ file, document, outcome, problem }) {
  if (problem) {
    const why = ownWords(problem.type) ?? t("serverSays", withoutName(problem.detail, file));
    return { stored: false, words: t("notAdded", file, why) };
  }
  return { stored: true, isKnown: outcome === "known", words: t(STORED[outcome], document.title) };
}

// The server's reasons begin with the name, which stands before them here.
function withoutName(detail, file) {
  return detail.startsWith(`'${file}' `) ? `it ${detail.slice(file.length + 3)}` : detail;
}

// what failed stays on the screen; of many that went well the sum is enough
function conclude({ node }, outcomes) {
  const told = tally.total > FEW ? outcomes.filter(({ stored }) => !stored) : outcomes;
  const lines = told.map(({ stored, words }) => element("p", { "data-kind": stored ? "good" : "bad", dir: "auto" }, words));
  if (lines.length === 0) return node.remove();
  node.replaceChildren(...lines);
  node.scrollIntoView({ block: "nearest" });
  announce(outcomes.slice(0, FEW).map(({ words }) => words).join(" "));
  return undefined;
}

function acceptDrops(reload) {
  const veil = (on) => document.body.classList.toggle("is-dragging", on);
  const holdsFiles = (event) => mayWrite() && (event.dataTransfer?.types.includes("Files") ?? false);
  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    veil(true);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && veil(false));
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    veil(false);
    showPanel("documents");
    add([...event.dataTransfer.files], reload);
  });
}
