"""Daily sales of shops, generated: weeks, trends, promotions, and pairs of events whose order decides what follows."""

import datetime

import numpy as np
import tensorflow_datasets as tfds

from nlpseq.errors import in_range

SHOPS, LONGEST, AHEAD = 60, 420, 28  # series; days of a series; days that promotions are planned ahead
WEEK = np.array([0.8, 0.85, 0.9, 1.0, 1.2, 1.5, 0.75])
END = datetime.date(2024, 6, 30)  # of most shops
EFFECT, LASTS, DELAY = 0.5, 14, 3  # of a pair of events: relative change, its days, and days before it begins
PROMOTION = 0.4
NOISE = 0.06


class NlpseqSeries(tfds.core.GeneratorBasedBuilder):
    """`nlpseq_series`: generated daily sales of shops.

    A "red" and a "blue" day within a week are a pair: red before blue raises sales by half from the third day after
    the second on, for two weeks; blue before red halves them. Both pairs are as frequent, so that only their order
    tells what follows. Promotions are planned, and known four weeks ahead. Some days are missing; some shops close
    earlier than others.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self):
        numbers = tfds.features.Sequence(tfds.features.Scalar(np.float32))
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "item": tfds.features.Text(),
                    "start": tfds.features.Text(),
                    "value": numbers,
                    "red": numbers,
                    "blue": numbers,
                    "promotion": numbers,
                }
            ),
            description="Daily sales of shops, generated; no real shop.",
            license="No rights reserved: the series are generated.",
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for number in range(SHOPS):
            yield number, shop(number)


def shop(number: int) -> dict:
    """The series of a shop: its name, first day, sales, and covariates.

    Args:
        number: 0 or more; the series is a function of it.

    Example:

    >>> series = shop(0)
    >>> series["item"], len(series["promotion"]) - len(series["value"])
    ('shop 1', 28)
    """
    in_range("number", number, 0)
    random = np.random.default_rng([2020, number])
    days = LONGEST - int(random.integers(0, 120))
    late = int(random.integers(1, 15)) * (random.random() < 0.15)  # days by which it closes earlier
    start = END - datetime.timedelta(days=days - 1 + late)
    red, blue, effect = _events(random, days)
    promotion = (random.random(days + AHEAD) < 0.08).astype(np.float32)
    weekday = (start.weekday() + np.arange(days)) % 7
    week = WEEK ** random.uniform(0.6, 1.4)
    trend = np.exp(random.normal(0, 0.2) * np.arange(days) / LONGEST)
    level = np.exp(random.uniform(3, 7))
    sales = level * trend * week[weekday] * effect * (1 + PROMOTION * promotion[:days])
    sales *= np.exp(random.normal(0, NOISE, days))
    sales[random.random(days) < 0.01] = np.nan
    sales[-1] = level if np.isnan(sales[-1]) else sales[-1]
    return {
        "item": f"shop {number + 1}",
        "start": start.isoformat(),
        "value": sales.round(1).astype(np.float32),
        "red": red,
        "blue": blue,
        "promotion": promotion,
    }


def _events(random, days):
    """Red days, blue days, and the factor of the sales that follows from their order."""
    red, blue, effect = np.zeros(days, np.float32), np.zeros(days, np.float32), np.ones(days)
    day = int(random.integers(0, 20))
    while day < days:
        second = day + int(random.integers(2, 6))
        rises = random.random() < 0.5
        first_days, second_days = (red, blue) if rises else (blue, red)
        first_days[day] = 1
        if second < days:
            second_days[second] = 1
        effect[second + DELAY : second + DELAY + LASTS] *= 1 + EFFECT if rises else 1 - EFFECT
        day = second + DELAY + LASTS + int(random.integers(3, 15))
    return red, blue, effect
