"""Settings: one place of defaults, names and ranges that are checked, presets that are valid."""

import dataclasses
import importlib
import inspect
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest

from nlpseq import tasks
from nlpseq.data.settings import SplitSettings
from nlpseq.errors import InputError
from nlpseq.settings import OPEN, Range, Settings
from nlpseq.tasks.classification.settings import ClassificationSettings
from nlpseq.tasks.forecasting.settings import ForecastingSettings
from nlpseq.tasks.language_modeling.settings import LanguageModelingSettings
from nlpseq.tasks.tagging.settings import TaggingSettings
from nlpseq.tasks.translation.settings import TranslationSettings
from nlpseq.text import LinePreprocessor, PairPreprocessor, TokenPreprocessor, WordPreprocessor
from nlpseq.training.settings import TrainingSettings
from tests.tasks import tiny
from tests.tasks.forecasting import small

KINDS = {  # of a recipe: its settings, the model, and a preprocessor
    "classification": (ClassificationSettings, tasks.TextClassifier, tiny.words),
    "tagging": (TaggingSettings, tasks.TokenTagger, tiny.tokens),
    "translation": (TranslationSettings, tasks.Translator, tiny.pair_tokens),
    "language_modeling": (LanguageModelingSettings, tasks.LanguageModel, tiny.line_tokens),
    "forecasting": (ForecastingSettings, tasks.Forecaster, small.preprocessor),
}
PRESETS = {
    (kind, dataset): preset
    for kind in KINDS
    for dataset, preset in getattr(importlib.import_module(f"nlpseq.tasks.{kind}.settings"), "PRESETS", {}).items()
}
ALL = [TrainingSettings, SplitSettings, *(settings for settings, _, _ in KINDS.values())]


@dataclass(frozen=True)
class Layer(Settings):
    """A group."""

    units: Annotated[int, Range(1)] = 64
    rate: Annotated[float, Range(0, 0.95)] = 0.1
    kind: Literal["lstm", "gru"] = "lstm"
    cell: Annotated[Literal["lstm", "gru"], OPEN] = "lstm"
    bias: bool = True
    name: str | None = None


@dataclass(frozen=True)
class Model(Settings):
    """Settings with groups."""

    layer: Layer = Layer()
    steps: Annotated[int, Range(2)] = 5


def test_groups_are_flat_outside():
    model = Model.of(units=3, steps=7)
    assert model == Model(Layer(units=3), 7)
    assert model.flat() == {
        "units": 3, "rate": 0.1, "kind": "lstm", "cell": "lstm", "bias": True, "name": None, "steps": 7
    }  # fmt: skip
    assert model.replace(units=4).layer.units == 4 and model.layer.units == 3


@pytest.mark.parametrize("values, message", [
    ({"unit": 3}, "unknown argument `unit`: did you mean units?"),
    ({"layer": Layer()}, "unknown argument `layer`"),
    ({"units": 0}, "`units` must be at least 1, got 0."),
    ({"units": 2.5}, "`units` must be a whole number, got 2.5."),
    ({"units": "3"}, "`units` must be a whole number, got '3'."),
    ({"units": True}, "`units` must be a whole number, got True."),
    ({"rate": 0.96}, "`rate` must be between 0 and 0.95, got 0.96."),
    ({"rate": float("nan")}, "`rate` must be between 0 and 0.95, got nan."),
    ({"rate": None}, "`rate` must be a number, got None."),
    ({"kind": "gruu"}, "'gruu': did you mean gru?"),
    ({"bias": "no"}, "`bias` must be True or False, got 'no'."),
    ({"steps": 1}, "`steps` must be at least 2, got 1."),
])  # fmt: skip
def test_values_that_are_refused(values, message):
    with pytest.raises(InputError) as error:
        Model.of(**values)
    assert message in str(error.value)


@pytest.mark.parametrize("values", [{"units": 3.0}, {"rate": 0}, {"cell": "other"}, {"cell": tiny.DriftCell}])
def test_values_that_are_taken(values):
    assert Model.of(**values).flat() == {**Model().flat(), **values}


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_takes_the_attributes_of_its_settings_and_has_their_defaults(kind):
    settings, model, preprocessor = KINDS[kind]
    assert type(settings().model) is model.settings_class
    labels = [tiny.LABELS] if kind in ("classification", "tagging") else []
    task = model(preprocessor(), *labels)
    assert task.settings == model.settings_class()
    names = {field.name for field in dataclasses.fields(model.settings_class)}
    signature = set(inspect.signature(model.__init__).parameters)
    assert not names & signature  # no default beside that of the settings
    others = {"name", "trainable", "dtype", "preprocessor", "labels", "vector_size", *signature}
    assert set(task.get_config()) - others == names


@pytest.mark.parametrize("kind, names, learn", [
    ("classification", lambda settings: settings.words.flat(), WordPreprocessor.learn),
    ("tagging", lambda settings: settings.words.flat(), TokenPreprocessor.learn),
    ("translation", lambda settings: settings.tokens.learning(), PairPreprocessor.learn),
    ("language_modeling", lambda settings: settings.tokens.learning(), LinePreprocessor.learn),
])  # fmt: skip
def test_settings_of_the_text_are_arguments_of_its_preprocessor(kind, names, learn):
    texts = {"texts", "tokens", "sources", "targets", "lines", "vectors"}
    defaults = {
        name: parameter.default for name, parameter in inspect.signature(learn).parameters.items() if name not in texts
    }
    values = names(KINDS[kind][0]())
    assert values.keys() == defaults.keys()
    fixed = {name: value for name, value in values.items() if value is not None}  # the data decide on the others
    assert fixed == {name: defaults[name] for name in fixed}


@pytest.mark.parametrize("settings", ALL, ids=lambda settings: settings.__name__)
def test_flat_names_are_unique_and_defaults_are_valid(settings):
    names = []

    def collect(group):
        for field in dataclasses.fields(group):
            value = getattr(group, field.name)
            collect(value) if isinstance(value, Settings) else names.append(field.name)

    collect(settings())
    assert sorted(names) == sorted(set(names)) == sorted(settings().flat())
    settings().check()


@pytest.mark.parametrize("kind, dataset", PRESETS)
def test_presets_are_valid(kind, dataset):
    settings, preset = KINDS[kind][0], PRESETS[kind, dataset]
    flat = settings.of(**preset).flat()
    assert {name: flat[name] for name in preset} == preset


def test_two_averages_are_refused():
    with pytest.raises(InputError, match="`averaging`"):
        TrainingSettings.of(optimizer="asgd", averaging=0.9)
