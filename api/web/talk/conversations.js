import { keep, keptNames, recall } from "../frame/storage.js";

/*
 * The conversations as this browser keeps them, each under a name of its own: {id, name, changed, records}, where a
 * record is {id, conversation, question, asked, result, verdict, feedback}. One is read anew before every change, so
 * that two tabs add to one conversation instead of overwriting each other's.
 */

const PREFIX = "sourcespan.talk.";
const MOST_TURNS = 20;
const LONGEST_ANSWER = 1000;
const unkept = new Map(); // of a browser that keeps nothing, until the page is closed
let open = null;

const newId = () => Array.from(crypto.getRandomValues(new Uint32Array(2)), (part) => part.toString(36)).join("");

/** The id of the conversation that the page shows; null for one that has not begun. */
export const openId = () => open;

export function setOpen(id) {
  open = id;
}

/** A conversation, or null. */
export function find(id) {
  const kept = recall("localStorage", PREFIX + id, null) ?? unkept.get(id);
  return Array.isArray(kept?.records) ? kept : null;
}

/** All of them that hold every word of `search`, the one that was changed last first. */
export function conversations(search = "") {
  const ids = [...keptNames("localStorage", PREFIX).map((name) => name.slice(PREFIX.length)), ...unkept.keys()];
  const words = search.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const known = ids.map(find).filter((one) => one !== null && words.every((word) => says(one, word)));
  return known.sort((a, b) => b.changed - a.changed);
}

function says({ name, records }, word) {
  const texts = records.flatMap(({ question, result }) => [question, ...result.answers.map(({ text }) => text)]);
  return [name, ...texts].some((text) => text?.toLocaleLowerCase().includes(word));
}

/** What it is called: what its reader calls it, or its first question. */
export const nameOf = ({ name, records }) => name || records[0].question;

export const records = (id = open) => (id === null ? [] : (find(id)?.records ?? []));

/** The last questions as they were read, each with its answer: what the next one may refer to. */
export function turns() {
  const read = records().filter(({ result }) => result.status !== "not_understood");
  return read.slice(-MOST_TURNS).map(({ question, result }) => ({
    question: result.read_as ?? question,
    answer: result.answers[0]?.text.slice(0, LONGEST_ANSWER) ?? null,
  }));
}

/** Keep what came of a question in a conversation (null: a new one), and give it back as a record. */
export function remember(id, question, result) {
  const conversation = (id && find(id)) ?? { id: id ?? newId(), name: "", records: [] };
  const asked = new Date().toISOString();
  const record = { id: newId(), conversation: conversation.id, question, asked, result, verdict: null, feedback: null };
  store({ ...conversation, records: [...conversation.records, record] });
  return record;
}

/** Keep what was said of an answer, and the id that the server knows it by. */
export function rememberVerdict(record, verdict, feedback) {
  Object.assign(record, { verdict, feedback });
  const conversation = find(record.conversation);
  if (conversation === null) return;
  const changed = conversation.records.map((one) => (one.id === record.id ? { ...one, verdict, feedback } : one));
  store({ ...conversation, records: changed });
}

export function rename(id, name) {
  const conversation = find(id);
  if (conversation !== null) store({ ...conversation, name: name.trim() });
}

export function forget(id) {
  keep("localStorage", PREFIX + id, null);
  unkept.delete(id);
}

/** Call `heard(id)` when another tab changes a conversation or forgets it. */
export function onChangeElsewhere(heard) {
  addEventListener("storage", ({ key }) => {
    if (key === null || key.startsWith(PREFIX)) heard(key?.slice(PREFIX.length) ?? null);
  });
}

// the oldest conversations go where the browser gives too little room
function store(conversation) {
  const changed = { ...conversation, changed: Date.now() };
  const others = conversations().filter(({ id }) => id !== conversation.id);
  while (!keep("localStorage", PREFIX + changed.id, changed)) {
    const oldest = others.pop();
    if (oldest === undefined) return unkept.set(changed.id, changed);
    forget(oldest.id);
  }
  unkept.delete(changed.id);
}
