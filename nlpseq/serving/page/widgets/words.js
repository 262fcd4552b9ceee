// A text whose words are coloured by what a score loses without each of them.

import { answers } from "../api.js";
import { element, percent } from "../dom.js";

const MOST = 80; // words of a text that is explained
const LEAST = 1e-6; // scores are not taken for nearer to 0 or 1
const STRONG = 2; // a change of log-odds with the full colour

/** The words of a text, blue where they speak for a label and orange where they speak against it; null if there is one. */
export async function words(model, label, answer, text, signal) {
  const pieces = text.split(/(\s+)/); // words, and the blanks between them
  const places = [...pieces.keys()].filter((at) => pieces[at].trim());
  if (places.length < 2 || places.length > MOST) return null;
  const without = await answers(model, places.map((place) => pieces.filter((_, at) => at !== place).join("")), signal);
  const whole = answer.scores[label];
  const scores = new Map(places.map((place, number) => [place, without[number].scores[label]]));
  const shown = pieces.map((piece, at) => (scores.has(at) ? word(piece, whole, scores.get(at)) : piece));
  const note = [element("span", { class: "for" }, "Blue"), ` words speak for ${label}, `, element("span", { class: "against" }, "orange"), " ones against it: what its score loses without the word."];
  return element("div", { class: "words" }, element("p", {}, ...shown), element("p", { class: "note" }, ...note));
}

function word(piece, whole, without) {
  const fall = logOdds(whole) - logOdds(without);
  const attributes = {
    class: fall >= 0 ? "for" : "against",
    title: `${percent(without)} without it`,
    "--share": String(Math.min(1, Math.abs(fall) / STRONG)),
  };
  return element("span", attributes, piece);
}

function logOdds(score) {
  const inside = Math.min(1 - LEAST, Math.max(LEAST, score));
  return Math.log(inside / (1 - inside));
}
