// What widgets share that show a whole answer.

import { answer } from "../api.js";

/** A widget whose `show(answer, text)` gives a sentence, which is read out, and the elements of an answer. */
export function answering(model, show) {
  return {
    request: (text) => ({ method: "answer", body: { texts: [text], detailed: true } }),
    async run(text, place, signal) {
      const { sentence, elements } = show(await answer(model, text, signal), text);
      if (!signal.aborted) place.replaceChildren(...elements);
      return sentence;
    },
  };
}
