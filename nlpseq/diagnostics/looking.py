"""Pictures of a trained task and one example, in a folder."""

import json
from pathlib import Path
from typing import Any

from nlpseq.diagnostics.look_pictures import plot_gates, plot_saliency
from nlpseq.diagnostics.salient import saliency_of
from nlpseq.diagnostics.states import gates
from nlpseq.paths import as_path
from nlpseq.writing import write_text, writing

METHODS = ("integrated", "removal", "gradient")


def look(task: Any, example: Any, folder: str | Path, answer: str | None = None) -> list[Path]:
    """Draws which steps of an example lead to the answer, and the gates while the task reads it.

    Written are `saliency.png`; `gates-1.png` and so on, one for each recurrent layer; and the numbers of the first
    picture, `look.json`.

    Args:
        task: A task of `nlpseq.tasks` that has `look`, built.
        example: An example, such as a text, a series or a sound.
        folder: Folder of the files, made if it does not exist.
        answer: The answer to explain, as in the `look` of the task. Default the one that it gives.

    Returns:
        The paths of the files.

    Raises:
        InputError: the task has no `look`; `answer` is unknown.
        WritingError: the files cannot be written.

    Example:

    >>> preprocessor = nlpseq.text.WordPreprocessor.learn(["good film", "bad film"])
    >>> task = nlpseq.tasks.TextClassifier(preprocessor, ["no", "yes"], units=4, bidirectional=False)
    >>> [path.name for path in look(task, "good film", "look")]
    ['saliency.png', 'gates-1.png', 'look.json']
    """
    task.ensure_built()
    view = task.look(example, answer)
    results = [saliency_of(task, view, method) for method in METHODS]
    layers, folder = gates(task, example), as_path(folder)
    names = ["saliency.png", *(f"gates-{number}.png" for number in range(1, len(layers) + 1)), "look.json"]
    paths = [folder / name for name in names]
    with writing(f"the pictures to {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        plot_saliency(results, paths[0], "What leads to the answer")
        for layer, path in zip(layers, paths[1:]):
            plot_gates(layer, path, layer.layer)
        write_text(paths[-1], json.dumps(_numbers(results), indent=2, ensure_ascii=False))
    return paths


def _numbers(results):
    first = results[0]
    values = {result.method: [round(value, 6) for value in result.values.tolist()] for result in results}
    return {"answer": first.answer, "score": first.score, "steps": first.steps, "saliency": values}
