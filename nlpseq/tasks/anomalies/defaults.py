"""The defaults of anomaly detection that follow the data."""

from typing import TYPE_CHECKING, Any

from nlpseq.tasks.anomalies.settings import DetectorSettings
from nlpseq.tasks.profile import clipped
from nlpseq.tasks.space import Among, Around, Between, Times

if TYPE_CHECKING:
    from nlpseq.tasks.anomalies.data import AnomalySeries

WARM_UP = 100  # first steps of a series, which are not alarms
UPDATES = 1200  # training steps, about
SPACE = {
    "learning_rate": Around(4.0),
    "batch_size": Times(0.5, 2),
    "cell": Among("lstm", "gru"),
    "units": Times(0.5, 2),
    "layers": Among(1, 2),
    "steps": Times(0.5, 2),
    "dropout": Between(0.0, 0.3),
}  # what `nlpseq search` tries: the loss is the surprise of the validation split


def choose(data: "AnomalySeries") -> dict[str, Any]:
    """The defaults for data, by the flat names of the settings.

    Many channels need a larger state. Segments are 100 steps, or a fourth of a series, and every step is in two of
    them; there are as many passes as give about 1,200 training steps. The day before is remembered if times tell how
    many steps a day has, and then nothing is an alarm on the first day of a series, which its values and means have not
    seen yet; NAB has its own rule of when alarms begin.
    """
    longest = DetectorSettings().longest_season
    seasons = sorted({item.season for item in data.train if 0 < item.season <= longest})
    lengths = [max(len(item), 1) for item in data.train]
    steps = clipped(sum(lengths) / len(lengths) / 4, 8, 100)
    shortest = min(map(len, data.test))
    segments = max(1, sum(2 * length // steps for length in lengths))
    batch = clipped(segments / 20, 4, 32)
    return {
        "units": 32 if len(data.channels) <= 4 else 64,
        "layers": 1,
        "dropout": 0.0,
        "steps": steps,
        "warm_up": WARM_UP if data.nab else max(WARM_UP, min(max(seasons, default=0), shortest // 4)),
        "season": seasons[0] if len(seasons) == 1 else 0,
        "longest_season": max(seasons) if seasons else 1,
        "batch_size": batch,
        "learning_rate": 5e-3,
        "epochs": clipped(UPDATES * batch / segments, 5, 60),
        "averaging": 0.0,
        "validations": 1,
        "patience": 8,
    }
