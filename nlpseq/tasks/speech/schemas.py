"""Features and splits of known speech datasets."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SpeechSchema:
    """How to read a speech dataset.

    Attributes:
        audio: Name of the feature of the sound, samples of 16 bits.
        text: Name of the feature of its text, a string or a `ClassLabel`.
        speaker: Name of the feature of the speaker. Default none.
        rate: Samples a second, if the feature does not say it.
        spoken: Texts by the name of a label, where they differ; None for sounds that are left out.
        train, validation, test: TFDS splits. A missing one is held out from the training split.
        generated: Whether the sounds are generated.
    """

    audio: str = "audio"
    text: str = "text"
    speaker: str | None = None
    rate: int = 16_000
    spoken: tuple[tuple[str, str | None], ...] = ()
    train: str = "train"
    validation: str | None = "validation"
    test: str | None = "test"
    generated: bool = False


SPEECH = {
    "nlpseq_morse": SpeechSchema(rate=4000, generated=True),
    "librispeech": SpeechSchema(
        "speech", speaker="speaker_id", train="train_clean100", validation="dev_clean", test="test_clean"
    ),
    "ljspeech": SpeechSchema("speech", "text_normalized", rate=22_050, validation=None, test=None),
    "speech_commands": SpeechSchema(text="label", spoken=(("_silence_", ""), ("_unknown_", None))),
}
