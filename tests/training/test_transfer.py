"""Weights of a trained model for another: labels and words by name, from exports and checkpoints."""

from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from nlpseq import cli, serving, training
from nlpseq.cli import export as export_command
from nlpseq.errors import InputError
from nlpseq.tasks import TextClassifier
from nlpseq.text import WordPreprocessor
from nlpseq.training.folder import TRAINED, CheckpointFolder
from nlpseq.training.state import variable_values
from nlpseq.training.transfer import load_task, take_weights, task_config
from tests.tasks import tiny
from tests.tasks.tiny import LABELS, TEXTS

pytestmark = pytest.mark.usefixtures("portable", "eager")


@pytest.mark.parametrize("kind", tiny.EXPORTED)
def test_the_task_of_an_export(kind):
    task, path = tiny.exported(kind)
    loaded = load_task(path.parent)
    assert type(loaded) is type(task)
    for one, other in zip(task.get_weights(), loaded.get_weights()):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("new", [tiny.new_classifier, tiny.new_tagger, tiny.new_translator, tiny.new_language_model])
def test_the_same_settings_take_all_weights(new):
    task, source = new(), new()
    source.set_weights([weight + 1 for weight in source.get_weights()])
    (line,) = take_weights(task, source)
    assert line == f"starting from trained weights: {len(task.weights)} of {len(task.weights)} weights"
    for one, other in zip(task.get_weights(), source.get_weights()):
        np.testing.assert_array_equal(one, other)


def test_networks_that_are_averaged_give_their_weights_one_each():
    first, second, task = (classifier(TEXTS, LABELS) for _ in range(3))
    source = first.combined([second])
    for number, network in ((1, second), (2, first)):
        take_weights(task, source, number)
        for one, other in zip(task.get_weights(), network.get_weights()):
            np.testing.assert_array_equal(one, other)


def classifier(texts, labels, **settings):
    preprocessor = WordPreprocessor.learn(texts, ngrams=2, ngram_min_count=1)
    return tiny.randomized(TextClassifier(preprocessor, labels, units=3, embedding_size=4, **settings))


def test_labels_and_words_are_taken_over_by_name():
    source = classifier(TEXTS, LABELS)
    task = classifier([*TEXTS[:2], "a new film"], ["other", "yes", "no"])
    before = task.get_weights()
    (line,) = take_weights(task, source)
    assert "2 of 3 labels" in line and "8 of 9 words" in line
    np.testing.assert_array_equal(task.head.kernel[:, 1:], source.head.kernel.numpy()[:, [1, 0]])
    np.testing.assert_array_equal(task.head.bias[1:], source.head.bias.numpy()[[1, 0]])
    words, source_words = task.preprocessor.vocabulary.names, source.preprocessor.vocabulary.names
    embeddings, source_embeddings = task.embeddings[0].embeddings, source.embeddings[0].embeddings
    for word in ("film", "not", "<unknown>"):
        np.testing.assert_array_equal(
            embeddings[words.index(word)], source_embeddings[source_words.index(word)], err_msg=word
        )
    pairs, source_pairs = task.preprocessor.names()[1], source.preprocessor.names()[1]
    np.testing.assert_array_equal(
        task.embeddings[1].embeddings[pairs.index("a bad")],
        source.embeddings[1].embeddings[source_pairs.index("a bad")],
    )
    new = words.index("new")
    index = next(number for number, weight in enumerate(task.weights) if weight is embeddings)
    np.testing.assert_array_equal(embeddings[new], before[index][new])


def test_labels_of_a_tagger_with_transitions():
    source = tiny.new_tagger()
    task = tiny.new_tagger()
    task.labels = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    take_weights(task, source)
    order = [0, 3, 4, 1, 2]
    np.testing.assert_array_equal(task.crf.transitions, source.crf.transitions.numpy()[np.ix_(order, order)])
    np.testing.assert_array_equal(task.head.bias, source.head.bias.numpy()[order])


def test_what_does_not_fit():
    task = classifier(TEXTS, LABELS)
    (first, second) = take_weights(task, classifier(TEXTS, LABELS, ngram_embedding_size=9))
    assert "new:" in second and "embedding" in second and first.startswith("starting from")
    with pytest.raises(InputError, match="`layers` 2 instead of 1.*give the same settings"):
        take_weights(task, classifier(TEXTS, LABELS, layers=2))
    with pytest.raises(InputError, match="of the kind tagging, and this one is of the kind classification"):
        take_weights(task, tiny.tagger())


def test_paths_that_hold_no_model(tmp_path):
    with pytest.raises(InputError, match="holds no complete checkpoint"):
        load_task(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no complete checkpoint"):
        load_task("x" * 300)  # longer than a name can be
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(InputError, match=r"has no task\.json"):
        load_task(tmp_path)


def checkpoint(folder, **entries):
    """A finished training of the classifier in a folder of checkpoints."""
    task = tiny.new_classifier()
    run = {"dataset": "films.tsv", "output": str(folder)}
    history = {"val_accuracy": [0.5, 0.75], "val_loss": [1.0, 0.5], "loss": [1.0, 0.4], "minutes": [0.5, 1.0]}
    tree = {"task": task_config(task), "run": run, "sizes": {"train": 8, "validation": 2}, "history": history}
    folder = CheckpointFolder(folder / "checkpoints")
    folder.write(TRAINED, {**tree, "variables": variable_values(task), **entries})
    folder.release()
    return task


@pytest.mark.usefixtures("graph")
def test_a_checkpoint_is_exported(tmp_path, capsys):
    task = checkpoint(tmp_path)
    export_command.run(str(tmp_path / "checkpoints"))
    assert "none on test" in capsys.readouterr().out
    export = serving.Export(tmp_path)
    assert export.metrics["validation"] == {"accuracy": 0.75, "loss": 0.5} and export.metrics["test"] == {}
    assert export.metrics["train_seconds"] == 60.0
    np.testing.assert_allclose(
        list(export.predict(TEXTS[:1])[0]["scores"].values()), task.predict_text(TEXTS[:1])["scores"][0], rtol=1e-5
    )


def test_a_checkpoint_whose_class_is_unknown(tmp_path):
    checkpoint(tmp_path, task='{"module": "nowhere", "class_name": "Model", "config": {}, "registered_name": "x"}')
    with pytest.raises(InputError, match="cannot be made .*: import the module that registers its classes"):
        export_command.run(str(tmp_path))


@pytest.mark.parametrize("is_written", [True, False])
def test_what_is_left_after_a_failed_export_is_said(tmp_path, capsys, is_written):
    """On a full disk the trained model may not have been written either."""
    checkpoints = training.Checkpoints(tmp_path)
    if is_written:
        checkpoints.folder.write("trained", {})
        checkpoints.folder.wait()
    with pytest.raises(ZeroDivisionError), cli.naming_trained_model(checkpoints):
        1 / 0  # noqa: B018
    said = capsys.readouterr().err
    assert (f"nlpseq export {tmp_path}" in said) == is_written
    assert ("could not be written" in said) != is_written and "run the same command again" in said


def test_an_export_that_lacks_a_format_is_exported_all_the_same(monkeypatch, capsys):
    lacking = serving.FormatError(Path("out", "1"), {"onnx": InputError("the model differs.")})
    monkeypatch.setattr(serving, "export", mock.Mock(side_effect=lacking))
    given, checkpoints = mock.MagicMock(), mock.MagicMock()
    given.flat.return_value, given.data.formats = {}, "onnx"
    with pytest.raises(serving.FormatError, match="out/1 has no onnx: the model differs.$"):
        cli.finish(None, given, given, ({}, 1.0), given, given, print, checkpoints)
    assert checkpoints.clear.called and capsys.readouterr().out.endswith("exported to out/1\n")
