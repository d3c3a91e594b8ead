import { sendFile } from "../server/api.js";
import { announce, byId, element } from "../frame/dom.js";
import { mayWrite } from "../server/access.js";
import { Problem, asProblem } from "../server/http.js";
import { t } from "../words/language.js";
import { showPanel } from "../frame/pane.js";

const list = byId("uploads");
const picker = byId("file");
let queue = [];
let working = false;

/** Take files from the picker and from drops; `reload` fills the list of documents anew. */
export function startUploads(reload) {
  byId("formats").textContent = picker.accept.replaceAll(",", ", ");
  picker.addEventListener("change", () => {
    add([...picker.files], reload);
    picker.value = "";
  });
  acceptDrops(reload);
  addEventListener("beforeunload", (event) => working && event.preventDefault());
}

// One file after the other, as the server stores them: each has its own progress, and its own way to be stopped.
async function add(files, reload) {
  if (!working) list.replaceChildren();
  const rows = files.map(row);
  list.append(...rows.map(({ node }) => node));
  queue.push(...rows);
  if (working) return;
  working = true;
  while (queue.length > 0) {
    const outcome = await send(queue.shift());
    if (outcome.mayBeStored) await reload();
  }
  working = false;
}

function row(file) {
  const control = new AbortController();
  const state = element("span", { class: "upload-state" }, t("waiting"));
  const bar = element("progress", { "aria-label": t("progressOf", file.name), max: "1", value: "0" });
  const cancel = element("button", { type: "button", class: "quiet", "aria-label": t("cancelNamed", file.name) }, t("cancel"));
  cancel.addEventListener("click", () => control.abort());
  const name = element("span", { class: "upload-name", dir: "auto" }, file.name);
  return { file, control, state, bar, node: element("li", { class: "upload" }, name, state, bar, cancel) };
}

async function send(upload) {
  const { file, control, state, bar } = upload;
  try {
    control.signal.throwIfAborted();
    bar.removeAttribute("value"); // how much has been sent, browsers do not tell
    state.textContent = t("sending");
    const files = await sendFile(await inMemory(file), (step) => advance(upload, step), control.signal);
    return conclude(upload, summed(files.map(outcomeOf), file.name));
  } catch (error) {
    const words = control.signal.aborted
      ? t("youStopped", file.name)
      : t("fileNotAdded", file.name, asProblem(error).sentence);
    conclude(upload, [{ stored: false, words }]);
    return { mayBeStored: control.signal.aborted }; // a stop may reach the server too late
  }
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

const MOST_LINES = 4;

/** Of an archive with many files, what went well in one line, and each that did not. */
function summed(outcomes, name) {
  if (outcomes.length <= MOST_LINES) return outcomes;
  const stored = outcomes.filter((outcome) => outcome.stored);
  const known = stored.filter((outcome) => !outcome.isNew).length;
  const words = t("addedFrom", name, stored.length, known);
  const good = stored.length > 0 ? [{ stored: true, words }] : [];
  return [...good, ...outcomes.filter((outcome) => !outcome.stored)];
}

function outcomeOf({ file, document, is_new: isNew, problem }) {
  if (problem) return { stored: false, words: t("notAdded", file, withoutName(problem.detail, file)) };
  return { stored: true, isNew, words: t(isNew ? "added" : "alreadyHere", document.title) };
}

// The server's reasons begin with the name, which stands before them here.
function withoutName(detail, file) {
  return detail.startsWith(`'${file}' `) ? `it ${detail.slice(file.length + 3)}` : detail;
}

function conclude({ node }, outcomes) {
  const lines = outcomes.map(({ stored, words }) => {
    return element("p", { "data-kind": stored ? "good" : "bad", dir: "auto" }, words);
  });
  node.replaceChildren(...lines);
  node.scrollIntoView({ block: "nearest" });
  announce(outcomes.slice(0, MOST_LINES).map(({ words }) => words).join(" "));
  return { mayBeStored: outcomes.some(({ stored }) => stored) };
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
