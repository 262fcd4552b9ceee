// What widgets share that show a whole answer.

import { answer } from "../api.js";

/**
 * A widget whose `show(answer, text)` gives a sentence, which is read out, and the elements of an answer.
 * `explain(answer, text, signal)` gives an element that is added once it is known, or null.
 */
export function answering(model, show, explain = null) {
  return {
    request: (text) => ({ method: "answer", body: { texts: [text], detailed: true } }),
    async run(text, place, signal) {
      const received = await answer(model, text, signal);
      const { sentence, elements } = show(received, text);
      if (!signal.aborted) place.replaceChildren(...elements);
      if (explain && !signal.aborted) {
        const added = await explain(received, text, signal).catch(() => null); // such as more texts than the server takes
        if (added && !signal.aborted) place.append(added);
      }
      return sentence;
    },
  };
}
