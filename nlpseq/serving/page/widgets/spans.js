// A text with a tag for each token, or with spans of tokens, in colour.

import { element, hue, percent } from "../dom.js";
import { answering } from "./answering.js";

const UNSURE = 0.5; // tokens with a lower score are underlined

export function widget(model) {
  const types = [...new Set(model.labels.map(typeOf))];
  const colour = (type) => hue(types.indexOf(type));
  return answering(model, (answer, text) => {
    const pieces = piecesOf(answer, text);
    const named = answer.spans ?? answer.tags.map((tag, at) => ({ type: tag, start: at, end: at + 1 }));
    const marked = marks(answer, pieces, named, colour);
    const elements = [element("p", { class: answer.spans ? "spans" : "tags" }, ...marked)];
    if (answer.scores.some((score) => score < UNSURE)) {
      elements.push(element("p", { class: "note" }, element("span", { class: "unsure" }, "underlined"), `: score below ${percent(UNSURE)}`));
    }
    if (answer.spans) elements.push(details(answer));
    return { sentence: sentence(answer, named), elements };
  });
}

/** The type of a tag: that of its span in a scheme such as B-PER, else the tag. */
function typeOf(tag) {
  return tag.replace(/^[BIESU]-/, "");
}

/** The tokens as they are in the text, each with what stands before it; joined by blanks if they are not in it. */
function piecesOf(answer, text) {
  let from = 0;
  const pieces = [];
  for (const token of answer.tokens) {
    const at = text.indexOf(token, from);
    if (at < 0) return answer.tokens.map((token, number) => ({ before: number ? " " : "", token }));
    pieces.push({ before: text.slice(from, at), token });
    from = at + token.length;
  }
  return pieces;
}

/** The text with a mark around each span. */
function marks(answer, pieces, spans, colour) {
  const shown = [];
  let next = 0;
  const plain = (end) => {
    for (; next < end; next++) shown.push(pieces[next].before, token(answer, pieces, next));
  };
  for (const { type, start, end } of spans) {
    plain(start);
    shown.push(pieces[start].before);
    const words = [token(answer, pieces, start)];
    for (next = start + 1; next < end; next++) words.push(pieces[next].before, token(answer, pieces, next));
    const label = element("span", { class: "type" }, type);
    shown.push(element("mark", { "--hue": colour(typeOf(type)) }, element("span", {}, ...words), label));
  }
  plain(pieces.length);
  return shown;
}

function token(answer, pieces, at) {
  const title = `${answer.tags[at]}, ${percent(answer.scores[at])}`;
  return element("span", { title, class: answer.scores[at] < UNSURE ? "unsure" : "" }, pieces[at].token);
}

/** All tokens with tag and score. */
function details(answer) {
  const rows = answer.tokens.map((token, at) =>
    element("tr", {}, element("th", { scope: "row" }, token), element("td", {}, answer.tags[at]), element("td", {}, percent(answer.scores[at]))),
  );
  const head = ["Token", "Tag", "Score"].map((title) => element("th", { scope: "col" }, title));
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
  return element("details", {}, element("summary", {}, "Tokens"), table);
}

function sentence(answer, spans) {
  if (!answer.spans) return `${answer.tokens.length} tokens.`;
  const texts = spans.map(({ type, start, end }) => `${answer.tokens.slice(start, end).join(" ")}: ${type}`);
  return texts.join("; ") || "No spans.";
}
