// The best translations, and for the chosen one how much each of its words attended to each word of the text.

import { decimal, element, percent } from "../dom.js";
import { answering } from "./answering.js";

export function widget(model) {
  return answering(model, (answer) => {
    const translations = answer.translations ?? [answer.translation];
    const scores = answer.scores ?? [answer.score];
    const picture = element("div", {});
    const choose = (number) => picture.replaceChildren(...(answer.attention ? attention(answer, number) : []));
    choose(0);
    const list = element("fieldset", { class: "choices" }, element("legend", {}, "Translations, the best first"));
    for (const [number, translation] of translations.entries()) {
      const radio = element("input", {
        type: "radio",
        name: "translation",
        checked: number === 0,
        onchange: () => choose(number),
      });
      const score = element("span", { class: "number", title: "score of the search" }, decimal(scores[number]));
      list.append(element("label", {}, radio, element("span", { class: "words" }, translation || "(empty)"), score));
    }
    return { sentence: translations[0] || "An empty translation.", elements: [list, picture] };
  });
}

/** The attention of a translation: its words and those of the text, and a table of weights. */
function attention(answer, number) {
  const weights = answer.attention[number];
  const targets = real(answer.target_tokens[number]);
  const sources = real(answer.source_tokens);
  if (!targets.length) return [];
  const below = element("p", { class: "reading" }, "Point at a word, or move to it with the Tab key, to see what it attended to.");
  const strips = [
    strip("Text", sources, (at) => targets.map((_, row) => weights[row][at]), 0, read),
    strip("Translation", targets, (at) => sources.map((_, column) => weights[at][column]), 1, read),
  ];

  /** Shades the words of the other strip by their weights, and says the largest. */
  function read(word, words, values, other) {
    const shaded = strips[other].querySelectorAll("button");
    shaded.forEach((button, at) => button.style.setProperty("--weight", values ? values[at] : 0));
    if (!values) return;
    const largest = values.map((value, at) => [value, at]).sort(([a], [b]) => b - a).slice(0, 3);
    const names = other === 0 ? sources : targets;
    below.textContent = `${word}: ${largest.map(([value, at]) => `${names[at]} ${percent(value)}`).join(", ")}`;
  }

  return [element("h3", {}, "Attention"), ...strips, below, matrix(sources, targets, weights)];
}

function real(tokens) {
  const end = tokens.findLastIndex((token) => token !== "") + 1;
  return tokens.slice(0, end).map((token) => token.trim() || "␣");
}

/** Words in a line; one that is pointed at, or has the focus, shades those of the other line. */
function strip(title, words, valuesOf, side, read) {
  const buttons = words.map((word, at) => {
    const show = () => read(word, words, valuesOf(at), 1 - side);
    const hide = () => read(word, words, null, 1 - side);
    return element("button", { type: "button", onpointerenter: show, onfocus: show, onpointerleave: hide, onblur: hide }, word);
  });
  return element("div", { class: "strip", role: "group", "aria-label": title }, element("span", { class: "side" }, title), element("div", {}, ...buttons));
}

/** The weights as a table, a row for each word of the translation. */
function matrix(sources, targets, weights) {
  const head = sources.map((word) => element("th", { scope: "col" }, element("span", {}, word)));
  const rows = targets.map((word, row) => {
    const cells = sources.map((source, column) => {
      const weight = weights[row][column];
      const title = `${word} – ${source}: ${percent(weight)}`;
      return element("td", { title, "--weight": String(weight) }, element("span", { class: "hidden" }, percent(weight)));
    });
    return element("tr", {}, element("th", { scope: "row" }, word), ...cells);
  });
  const caption = element("caption", { class: "hidden" }, "Attention of each word of the translation to each word of the text");
  const table = element("table", {}, caption, element("thead", {}, element("tr", {}, element("td", {}), ...head)), element("tbody", {}, ...rows));
  return element("div", { class: "matrix", tabindex: "0", role: "region", "aria-label": "Attention table" }, table);
}
