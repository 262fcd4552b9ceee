"""Training several networks one after another, whose outputs are averaged."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpseq.reporting import say
from nlpseq.training import budget
from nlpseq.training.fingerprint import fingerprint
from nlpseq.training.fit import train
from nlpseq.training.folder import MEMBER
from nlpseq.training.reproducibility import set_seed
from nlpseq.training.transfer import of_checkpoint, task_config

if TYPE_CHECKING:
    from nlpseq.training.resume import Checkpoints
    from nlpseq.training.settings import TrainingSettings


def train_members(
    make: Callable[[], Any],
    count: int,
    train_examples: Any,
    validation_examples: Any,
    settings: TrainingSettings,
    checkpoints: Checkpoints | None = None,
) -> tuple[Any, tuple[dict[str, list[float]], float]]:
    """Trains a task, or several that differ in their seeds only, and combines them.

    The networks are trained with the seeds `seed`, `seed + 1`, ..., one after another: the memory of
    a run is that of one training and of the weights of all networks. Each has checkpoints of its
    own, so that a run which is interrupted continues within the network that it was training.
    Each has its part of a budget; one whose part has passed before it begins, but the first, is left out.

    Args:
        make: Makes a task with new weights.
        count: Number of networks.
        train_examples, validation_examples, settings, checkpoints: As of `nlpseq.training.train`; the
            `budget` is for all networks together.

    Returns:
        The trained task, and `(history, seconds)` as of `train`; the validations of several networks follow
        one another in the history, which has also the number of each, "network".
    """
    if count == 1:
        task = make()
        return task, train(task, train_examples, validation_examples, settings, checkpoints)
    data = fingerprint(train_examples, validation_examples, count)
    if checkpoints is not None and checkpoints.trained is not None:
        checkpoints.check_data(data)
        say("resuming after the training, which has finished")
        trained = checkpoints.trained
        return of_checkpoint(checkpoints.folder.path, trained), (trained["history"], trained["seconds"])
    members, histories, seconds = [], [], 0.0
    for number in range(count):
        minutes = settings.budget and budget.until(settings.budget / count, number)
        if number and minutes and budget.is_spent(minutes):
            say(f"network {number + 1} of {count} is left out: its part of the budget has passed")
            continue
        say(f"network {number + 1} of {count}")
        part = None if checkpoints is None else checkpoints.part(f"{MEMBER}{number + 1}")
        own = dataclasses.replace(settings, seed=(settings.seed + number) % 2**32, budget=minutes)
        set_seed(own.seed)
        task = make()
        history, time = train(task, train_examples, validation_examples, own, part, number)
        members.append(task)
        later = [seconds / 60 + minutes for minutes in history["minutes"]]
        histories.append({**history, "minutes": later, "network": [number + 1] * len(later)})
        seconds += time
        if not number:
            size = sum(int(np.prod(weight.shape)) for weight in task.weights) * 4 / 2**20
            most = count * size
            say(f"the weights of a network take {size:.1f} MB, those of all in the export at most {most:.1f} MB")
    history = {name: [value for own in histories for value in own[name]] for name in histories[0]}
    task = members[0].combined(members[1:]) if members[1:] else members[0]
    if checkpoints is not None:
        checkpoints.check_data(data)
        checkpoints.describe(settings.flat(), train_examples, validation_examples)
        checkpoints.details["task"] = task_config(task)
        checkpoints.set_model(task)
        checkpoints.finish(history=history, seconds=seconds)
    return task, (history, seconds)
