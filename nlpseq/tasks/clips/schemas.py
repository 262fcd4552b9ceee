"""Features and splits of known datasets of clips."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ClipSchema:
    """How to read a dataset of clips.

    Attributes:
        clip: Name of the feature with the frames, a video, a sequence of images or a tensor `(time, ...)`.
        label: Name of the label feature, a class or one for each frame.
        train, validation, test: TFDS splits. Without a validation split a tenth of training is held out.
        generated: Whether the clips are generated.
    """

    clip: str = "video"
    label: str = "label"
    train: str = "train"
    validation: str | None = None
    test: str = "test"
    generated: bool = False


CLIPS = {
    "nlpseq_motion": ClipSchema(clip="frames", validation="validation", generated=True),
    "ucf101": ClipSchema(),
}
FRAMES = ("video", "image_sequence", "frames", "clip", "images", "sequence")  # features of other datasets
