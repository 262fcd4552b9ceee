"""The bag of frames: the same classifier without recurrent layers, to show what the order of the frames tells."""

from typing import TYPE_CHECKING

from nlpseq.reporting.console import say
from nlpseq.tasks.clips.evaluation import accuracy
from nlpseq.tasks.clips.model import SequenceClassifier
from nlpseq.training import train

if TYPE_CHECKING:
    from nlpseq.tasks.clips.dataset import LabelledClips
    from nlpseq.training.settings import TrainingSettings


def accuracy_without_order(task: SequenceClassifier, data: "LabelledClips", training: "TrainingSettings") -> float:
    """The test accuracy of a classifier like a task, whose frames are encoded one by one and pooled.

    It is trained with the same settings for half as many epochs at most; the frames are read without differences.

    Args:
        task: Whose settings it takes, with 0 layers and the mean and maximum over time.
        data: The dataset.
        training: The settings of the training.
    """
    say("training a bag of frames, which does not know their order")
    settings = task.settings.replace(layers=0, pooling="max_mean", derived="none")
    bag = SequenceClassifier(data.labels, frame=task.frame, per_frame=task.per_frame, **settings.flat())
    bag.adapt(data.train)
    own = training.replace(epochs=max(1, training.settled().epochs // 2), init_from=None, tensorboard=None)
    train(bag, data.train, data.validation, own)
    return accuracy(bag, data.test)
