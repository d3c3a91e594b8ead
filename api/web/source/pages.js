import { boxes, documentPages, pageImage } from "../server/api.js";
import { element } from "../frame/dom.js";
import { asProblem } from "../server/http.js";
import { t } from "../words/language.js";

/*
 * A PDF as its pages. The server draws them; only those in view and their neighbours are held, so that one of 600 pages
 * opens as fast as one of six.
 */

const LETTER = { width: 612, height: 792 };
const SHARPEST = 3;

/** The pages, with rectangles over the quote where the file says for certain where it stands; gives what to say of that. */
export async function showPages(body, { target, document, checked, current }) {
  const places = target.span ? boxes(document.id, target.span) : Promise.resolve([]);
  const [{ pages }, found] = await Promise.all([documentPages(document.id), places]);
  if (!current()) return undefined;
  const size = found[0] ?? LETTER;
  const sheets = pages.map(({ label }, number) => sheet(number + 1, label, size));
  for (const { page, width, height } of found) shape(sheets[page - 1], { width, height });
  body.replaceChildren(...sheets);
  const first = sheets[(found[0]?.page ?? target.page) - 1];
  first?.scrollIntoView({ block: "start" });
  const watcher = watch(body, document, sheets, first);
  const { quote } = await checked;
  if (!current()) return watcher.disconnect();
  if (target.span === undefined || quote === null) return undefined;
  for (const place of found) sheets[place.page - 1].append(...place.rectangles.map((edges) => box(edges, place)));
  body.querySelector(".box")?.scrollIntoView({ block: "center" });
  if (found.length > 0 && found.every(({ certain }) => certain)) return undefined;
  return t("placeUncertain");
}

function sheet(number, label, size) {
  const words = label && label !== String(number) ? t("pageOfFile", label, number) : t("page", number);
  const node = element("div", { class: "sheet", "data-page": number });
  node.append(element("p", { class: "sheet-label" }, words));
  shape(node, size);
  return node;
}

function shape(node, { width, height }) {
  node.style.aspectRatio = `${width} / ${height}`;
  node.dataset.points = width;
}

function box([left, top, right, bottom], { width, height }) {
  const node = element("div", { class: "box" });
  const percent = (part, whole) => `${(100 * part) / whole}%`;
  node.style.left = percent(left, width);
  node.style.top = percent(top, height);
  node.style.width = percent(right - left, width);
  node.style.height = percent(bottom - top, height);
  return node;
}

/** Draw the pages that come near the view, one after the other, and let go of those that are far from it. */
function watch(body, document, sheets, first) {
  const near = new Set();
  let drawing = first ? draw(first, document) : Promise.resolve();
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target: node, isIntersecting } of entries) {
        if (isIntersecting) {
          near.add(node);
          drawing = drawing.then(() => near.has(node) && draw(node, document));
        } else {
          near.delete(node);
          node.querySelector("canvas")?.remove();
        }
      }
    },
    { root: body, rootMargin: "100%" },
  );
  for (const node of sheets) watcher.observe(node);
  return watcher;
}

async function draw(node, document) {
  if (node.querySelector("canvas")) return;
  const canvas = element("canvas", { role: "img", "aria-label": node.querySelector(".sheet-label").textContent });
  node.prepend(canvas);
  try {
    const scale = Math.min((node.clientWidth * devicePixelRatio) / node.dataset.points, SHARPEST);
    const image = await pageImage(document.id, node.dataset.page, scale.toFixed(2));
    [canvas.width, canvas.height] = [image.width, image.height];
    shape(node, { width: image.width / scale, height: image.height / scale });
    canvas.getContext("2d").drawImage(image, 0, 0);
    canvas.dataset.drawn = "true";
  } catch (problem) {
    canvas.replaceWith(element("p", { class: "sheet-fault" }, asProblem(problem).sentence));
  }
}
