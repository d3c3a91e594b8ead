import { addDocument, asProblem, decodeUtf8, deleteDocument, forgetText, listDocuments } from "./api.js";
import { byId, element } from "./dom.js";
import { showPanel } from "./pane.js";
import { showsDocument } from "./source.js";
import { count } from "./spans.js";

const LONGEST_TITLE = 500;
const BUNDLED_SOURCE = "article.md";
const EXAMPLES = [
  "In which town is the detention centre?",
  "Who is the head of MI6?",
  "Why did Sergey Bokov quit the army?",
  "Who leads the Wagner group?",
];

const list = byId("document-list");
const message = byId("documents-message");
const more = byId("more-documents");
const picker = byId("file");
let shown = [];

/** Fill the panel. `show` opens a Target, `ask` asks an example question. */
export async function startDocuments(show, ask) {
  more.addEventListener("click", () => load(shown.length, show));
  picker.addEventListener("change", async () => {
    await addFiles([...picker.files], show);
    picker.value = "";
  });
  acceptDrops(show);
  byId("example-list").append(...EXAMPLES.map((question) => element("li", {}, exampleButton(question, ask))));
  await load(0, show);
}

function exampleButton(question, ask) {
  return element("button", { type: "button", class: "example", click: () => ask(question) }, question);
}

async function load(offset, show) {
  try {
    const { documents, total } = await listDocuments(offset);
    shown = offset === 0 ? documents : [...shown, ...documents];
    render(total, show);
  } catch (error) {
    tell("bad", `The documents can’t be listed. ${asProblem(error).sentence}`);
  }
}

function render(total, show) {
  list.replaceChildren(...shown.map((document) => row(document, show)));
  byId("documents-count").textContent = describeTotal(total);
  more.hidden = shown.length >= total;
  byId("examples").hidden = !shown.some((document) => document.source === BUNDLED_SOURCE);
}

function describeTotal(total) {
  if (total === 0) return "None yet. Add one to begin.";
  return total === 1 ? "Every answer comes from this one." : `Every answer comes from one of these ${total}.`;
}

function row(document, show) {
  const facts = [document.source, count(document.characters, "character"), count(document.passages, "passage")];
  const open = element("button", { type: "button", class: "document-open" });
  open.append(
    element("span", { class: "document-title", dir: "auto" }, document.title),
    element("span", { class: "document-facts" }, facts.filter(Boolean).join(" · ")),
  );
  open.addEventListener("click", () => show({ kind: "document", document }, open));
  const label = `Delete ${document.title}`;
  const remove = element("button", { type: "button", class: "quiet delete", "aria-label": label }, "Delete");
  remove.addEventListener("click", () => confirmDelete(document, show));
  return element("li", { class: "document" }, open, remove);
}

function confirmDelete(document, show) {
  const dialog = byId("delete-dialog");
  const passages = count(document.passages, "passage");
  byId("delete-detail").textContent =
    `“${document.title}” and its ${passages} will no longer be read for answers. This can’t be undone.`;
  dialog.returnValue = "";
  dialog.addEventListener("close", () => dialog.returnValue === "delete" && remove(document, show), { once: true });
  dialog.showModal();
}

async function remove(document, show) {
  try {
    await deleteDocument(document.id);
  } catch (error) {
    tell("bad", `“${document.title}” was not deleted. ${asProblem(error).sentence}`);
    return;
  }
  forgetText(document.sha256);
  if (showsDocument(document.id)) showPanel("documents");
  await load(0, show);
  tell("good", `Deleted “${document.title}”.`);
  byId("documents-heading").focus();
}

async function addFiles(files, show) {
  const outcomes = [];
  for (const file of files) {
    tell("plain", `Adding ${file.name}…`);
    outcomes.push(await addFile(file));
  }
  if (outcomes.length === 0) return;
  await load(0, show);
  const failed = outcomes.some((outcome) => outcome.kind === "bad");
  tell(failed ? "bad" : "good", outcomes.map((outcome) => outcome.words).join(" "));
}

async function addFile(file) {
  const bad = (words) => ({ kind: "bad", words });
  if (!/\.(txt|md)$/i.test(file.name)) return bad(`${file.name} was not added: only .txt and .md files can be.`);
  let text;
  try {
    text = decodeUtf8(await file.arrayBuffer());
  } catch {
    return bad(`${file.name} was not added: it is not UTF-8 text. Save it as UTF-8 and try again.`);
  }
  if (text.trim() === "") return bad(`${file.name} was not added: it is empty.`);
  try {
    const { title, isNew } = await addDocument(titleOf(file.name, text), text, file.name);
    return { kind: "good", words: isNew ? `Added “${title}”.` : `“${title}” was already here.` };
  } catch (error) {
    return bad(`${file.name} was not added. ${asProblem(error).sentence}`);
  }
}

function titleOf(name, text) {
  const heading = /\.md$/i.test(name) ? /^#{1,6}[ \t]+(.+?)[ \t]*#*\r?$/m.exec(text) : null;
  const title = heading?.[1] ?? (name.replace(/\.[^.]+$/, "") || name);
  // by code points: half an emoji would not be text
  return Array.from(title).slice(0, LONGEST_TITLE).join("");
}

function acceptDrops(show) {
  const veil = (on) => document.body.classList.toggle("is-dragging", on);
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;
  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    veil(true);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && veil(false));
  document.addEventListener("drop", async (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    veil(false);
    showPanel("documents");
    await addFiles([...event.dataTransfer.files], show);
  });
}

function tell(kind, words) {
  message.textContent = words;
  message.dataset.kind = kind;
}
