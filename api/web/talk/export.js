import { pageOf } from "./citation.js";
import { nameOf } from "./conversations.js";
import { shownAnswer } from "./feedback.js";
import { t } from "../words/language.js";
import { spanLink } from "../frame/links.js";
import { describeConfidence, inSentence } from "../source/spans.js";

/* A conversation as a file: to read, to print, or for other programs; each quote with all it takes to check it. */

export const FORMATS = ["Markdown", "HTML", "JSON"];

const WRITERS = {
  Markdown: { write: asMarkdown, type: "text/markdown", suffix: "md" },
  HTML: { write: asHtml, type: "text/html", suffix: "html" },
  JSON: { write: asJson, type: "application/json", suffix: "json" },
};

/** Let the browser save a conversation. */
export function save(conversation, format) {
  const { write, type, suffix } = WRITERS[format];
  const url = URL.createObjectURL(new Blob([write(conversation)], { type }));
  const name = nameOf(conversation).replace(/[^\p{L}\p{N}]+/gu, " ").trim().slice(0, 60) || "conversation";
  Object.assign(document.createElement("a"), { href: url, download: `${name}.${suffix}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** What came of a record: {question, readAs, asked, status, detail, answer}, where an answer names its place. */
function told({ question, asked, result, verdict, ...record }) {
  const answers = result.status === "unsure" ? [shownAnswer({ result, ...record })] : result.answers;
  const { status, detail, read_as: readAs } = result;
  return { question, readAs, asked, status, detail, verdict, answers: answers.map(cited) };
}

function cited(answer) {
  const { text, confidence, span, sentence, page, page_label, heading, document } = answer;
  const link = spanLink(answer);
  return { text, sentence, confidence, span, page, page_label, heading, document, link };
}

function asJson(conversation) {
  const questions = conversation.records.map(told);
  return JSON.stringify({ name: nameOf(conversation), service: location.origin + location.pathname, questions }, null, 2);
}

// what a quote is called in words: its document, page, heading, and how likely it is right
function source(answer) {
  const page = pageOf(answer);
  const { words, percent } = describeConfidence(answer.confidence);
  return {
    title: answer.document.title,
    where: [page == null ? "" : t("page", page), answer.heading ?? ""].filter(Boolean).join(", "),
    how: `${words} · ${percent}`,
  };
}

function asMarkdown(conversation) {
  const parts = conversation.records.map(told).map(({ question, readAs, status, detail, answers }) => {
    const quotes = answers.map((answer) => {
      const { title, where, how } = source(answer);
      const [before, text, after] = inSentence(answer).map(plain);
      const facts = [`[${plain(title)}](${answer.link})`, plain(where), how].filter(Boolean).join(", ");
      return `> ${before}**${text.trim()}**${after}\n>\n> — ${facts}`;
    });
    const read = readAs ? `${t("readAs")}${plain(readAs)}` : "";
    const heading = answers.length > 0 && status === "answered" ? "" : `*${plain(detail ?? t(`status_${status}`))}*`;
    return [`## ${plain(question)}`, read, heading, ...quotes].filter(Boolean).join("\n\n");
  });
  return `# ${plain(nameOf(conversation))}\n\n${parts.join("\n\n")}\n`;
}

const plain = (text) => text.replace(/\s+/g, " ").replace(/[\\`*_[\]<>#|]/g, "\\$&");

const STYLE =
  "body{font:1rem/1.6 Georgia,serif;max-width:42rem;margin:2rem auto;padding:0 1rem}" +
  "blockquote{margin:1rem 0;padding-left:1rem;border-left:3px solid #bbb}mark{background:#ffdf70}footer,p.how{color:#555}";

function asHtml(conversation) {
  const parts = conversation.records.map(told).map(({ question, readAs, status, detail, answers }) => {
    const quotes = answers.map((answer) => {
      const { title, where, how } = source(answer);
      const [before, text, after] = inSentence(answer).map(safe);
      const facts = [safe(where), safe(how)].filter(Boolean).join(", ");
      return `<blockquote>${before}<mark>${text}</mark>${after}<footer>— <a href="${safe(answer.link)}">${safe(title)}</a>, ${facts}</footer></blockquote>`;
    });
    const read = readAs ? `<p class="how">${safe(t("readAs") + readAs)}</p>` : "";
    const how = status === "answered" ? "" : `<p class="how">${safe(detail ?? t(`status_${status}`))}</p>`;
    return `<h2>${safe(question)}</h2>${read}${how}${quotes.join("")}`;
  });
  const name = safe(nameOf(conversation));
  const head = `<meta charset="utf-8"><title>${name}</title><style>${STYLE}</style>`;
  return `<!doctype html>\n<html>${head}<h1>${name}</h1>\n${parts.join("\n")}\n</html>\n`;
}

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const safe = (text) => text.replace(/[&<>"']/g, (character) => ESCAPES[character]);
