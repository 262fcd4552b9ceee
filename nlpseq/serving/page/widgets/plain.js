// Any answer: its values by name.

import { element } from "../dom.js";
import { answering } from "./answering.js";

export function widget(model) {
  return answering(model, (answer) => {
    const rows = Object.entries(answer).flatMap(([name, value]) => [
      element("dt", {}, name),
      element("dd", {}, typeof value === "string" ? value : JSON.stringify(value)),
    ]);
    return { sentence: "", elements: [element("dl", {}, ...rows)] };
  });
}
