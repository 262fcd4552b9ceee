"""Readings of a machine with four phases, whose anomalies are in their order."""

import numpy as np
import tensorflow_datasets as tfds

from nlpseq.errors import in_range

CHANNELS = ("power", "temperature")
# Power, and the temperature that is approached, of each phase; the machine repeats them in this order.
PHASES = {"fill": (0.2, 0.1), "heat": (1.0, 1.0), "wash": (0.6, 0.8), "spin": (0.8, 0.3)}
SHORTEST, LONGEST = 8, 16  # steps of a phase
INERTIA = 0.85  # of the temperature
NOISE = 0.03
FIRST = 200  # steps before the first anomaly
APART = 120  # steps between two anomalies at least
KINDS = ("swapped", "skipped", "repeated", "backwards")


class NlpseqSensors(tfds.core.GeneratorBasedBuilder):
    """`nlpseq_sensors`: generated readings of a machine that fills, heats, washes and spins, in this order.

    In an anomaly two phases are swapped, one is left out, two run twice, or a round runs backwards. Every single
    reading is as in normal operation: who does not know the order, sees nothing. Each machine has units and offsets of
    its own.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}
    SIZES = {"train": (12, 0), "validation": (6, 4), "test": (10, 4)}  # recordings, and anomalies of each
    STEPS = 1500

    def _info(self):
        features = tfds.features.FeaturesDict(
            {
                "values": tfds.features.Tensor(shape=(None, len(CHANNELS)), dtype=np.float32),
                "labels": tfds.features.Tensor(shape=(None,), dtype=np.bool_),
            }
        )
        return self.dataset_info_from_configs(
            features=features,
            description="Readings of a machine with four phases, from a small simulation; no real data.",
            license="No rights reserved: the numbers are generated.",
            metadata=tfds.core.MetadataDict(channels=list(CHANNELS)),
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(seed, *size) for seed, (split, size) in enumerate(self.SIZES.items())}

    def _generate_examples(self, seed, count, anomalies):
        for number in range(count):
            values, labels = sensor_readings(self.STEPS, anomalies, seed=1000 * seed + number)
            yield number, {"values": values.astype(np.float32), "labels": labels}


def sensor_readings(steps: int, anomalies: int = 0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Readings of one machine.

    Args:
        steps: Number of steps, 1 or more.
        anomalies: Number of anomalies, as far as there is room.
        seed: Of the random generator.

    Returns:
        Values, float64 `(steps, 2)`, and whether each step is of an anomaly, bool `(steps,)`.

    Raises:
        InputError: A number is too small.

    Example:

    >>> values, labels = sensor_readings(1000, anomalies=2)
    >>> values.shape, int(np.diff(labels, prepend=False).sum()) // 2
    ((1000, 2), 2)
    """
    in_range("steps", steps, 1)
    in_range("anomalies", anomalies, 0)
    random = np.random.default_rng([seed, 22])
    starts = _starts(steps, anomalies, random)
    power, target, labels = [], [], []
    while len(power) < steps:
        order = list(PHASES)
        odd = bool(starts) and len(power) >= starts[0]
        if odd:
            starts.pop(0)
            order, wrong = _wrong_order(order, random.choice(KINDS), random)
        for place, phase in enumerate(order):
            length = int(random.integers(SHORTEST, LONGEST + 1))
            power += [PHASES[phase][0]] * length
            target += [PHASES[phase][1]] * length
            labels += [odd and place in wrong] * length
    temperature = np.zeros(steps)
    for time in range(steps):
        before = temperature[time - 1] if time else 0.2
        temperature[time] = INERTIA * before + (1 - INERTIA) * target[time]
    values = np.stack([power[:steps], temperature], axis=1) + NOISE * random.normal(size=(steps, 2))
    return values * random.uniform(0.5, 50, 2) + random.uniform(-100, 100, 2), np.array(labels[:steps])


def _starts(steps, anomalies, random):
    """Steps after which a round is an anomaly, `APART` steps from one another at least."""
    room = steps - FIRST - APART * anomalies
    if room <= 0:
        return []
    return [
        FIRST + int(start) + APART * number for number, start in enumerate(sorted(random.integers(0, room, anomalies)))
    ]


def _wrong_order(order, kind, random):
    """A round with a wrong order, and the places of the phases that are wrong."""
    if kind == "skipped":
        place = int(random.integers(1, 3))
        return order[:place] + order[place + 1 :], (place,)
    if kind == "swapped":
        place = int(random.integers(0, 3))
        order[place], order[place + 1] = order[place + 1], order[place]
        return order, (place, place + 1)
    if kind == "repeated":
        return order[:3] + order[1:], (3, 4)
    return order[::-1], (0, 1, 2, 3)
