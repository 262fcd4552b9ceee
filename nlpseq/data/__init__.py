"""Datasets from TFDS and files, batches and segments."""

from nlpseq import lazy

_MODULES = {
    "nlpseq.data.batching": ("evaluation_batches", "pad", "training_batches", "training_order"),
    "nlpseq.data.series": ("Frequency", "Series", "SeriesTable", "read_series"),
    "nlpseq.data.segments": ("continuous_segments", "shifted_segments", "split_time"),
    "nlpseq.data.vectors": ("WordVectors",),
    # The readers of all kinds of task.
    "nlpseq.tasks.anomalies.data": ("AnomalySeries", "load_anomalies"),
    "nlpseq.tasks.anomalies.recordings": ("Recording", "Recordings"),
    "nlpseq.tasks.classification.data": ("Examples", "LabelledTexts", "load_labelled_texts"),
    "nlpseq.tasks.classification.preparing": ("load_prepared_texts",),
    "nlpseq.tasks.clips.clips": ("Clips",),
    "nlpseq.tasks.clips.data": ("load_clips",),
    "nlpseq.tasks.clips.dataset": ("LabelledClips",),
    "nlpseq.tasks.forecasting.data": ("ForecastingSeries", "load_series"),
    "nlpseq.tasks.language_modeling.preparing": ("load_prepared_text",),
    "nlpseq.tasks.language_modeling.data": ("Lines", "RunningTexts", "load_running_texts"),
    "nlpseq.tasks.tagging.preparing": ("load_prepared_sentences",),
    "nlpseq.tasks.tagging.data": ("Sentences", "TaggedSentences", "load_tagged_sentences"),
    "nlpseq.tasks.translation.preparing": ("load_prepared_pairs",),
    "nlpseq.tasks.translation.data": ("Pairs", "ParallelTexts", "load_parallel_texts"),
    "nlpseq.tasks.speech.data": ("SpeechData", "load_speech"),
    "nlpseq.tasks.speech.utterances": ("Utterances",),
}

__getattr__, __dir__, __all__ = lazy.attach(
    __name__, {name: module for module, names in _MODULES.items() for name in names}
)
