"""Few rows of a table of options in which every pair of values occurs."""

import itertools

import numpy as np

CANDIDATES = 60


def pairwise(options):
    """Rows, dictionaries with a value for each option, chosen greedily.

    Args:
        options: from the name of each option to the list of its values.
    """
    rng = np.random.default_rng(0)
    names = list(options)

    def pairs(row):
        return set(itertools.combinations(enumerate(row), 2))

    missing = set()
    for row in itertools.product(*(range(len(options[name])) for name in names)):
        missing |= pairs(row)
    rows = []
    while missing:
        candidates = [[rng.integers(len(options[name])) for name in names] for _ in range(CANDIDATES)]
        first = next(iter(sorted(missing)))
        for candidate in candidates:  # every row has at least the first missing pair
            for place, value in first:
                candidate[place] = value
        best = max(candidates, key=lambda row: len(pairs(row) & missing))
        missing -= pairs(best)
        rows.append({name: options[name][value] for name, value in zip(names, best)})
    return rows


def test_every_pair_occurs():
    options = {"a": [0, 1, 2], "b": "xyz", "c": [True, False]}
    rows = pairwise(options)
    assert len(rows) <= 12
    for one, other in itertools.combinations(options, 2):
        assert {(row[one], row[other]) for row in rows} == set(itertools.product(options[one], options[other]))
