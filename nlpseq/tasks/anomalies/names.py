"""What the names of the files of archives tell: how many steps are learnt from, and where the anomaly is."""

import re
from pathlib import Path
from typing import NamedTuple


class Named(NamedTuple):
    """What the name of a file tells: the steps to learn from, and the first and last step of an anomaly."""

    train: int
    window: tuple[int, int] | None


def named_in(name: str) -> Named | None:
    """What the name of a file of the UCR anomaly archive, or of TSB-AD, tells; None for another.

    >>> named_in("001_UCR_Anomaly_park_300_450_460.txt"), named_in("001_NAB_tr_300_1st_450.csv")
    (Named(train=300, window=(450, 460)), Named(train=300, window=None))
    """
    stem = Path(name).stem
    if match := re.fullmatch(r".*UCR_Anomaly_.*_(\d+)_(\d+)_(\d+)", stem):
        train, first, last = map(int, match.groups())
        return Named(train, (first, last)) if 0 < train <= first <= last else None
    match = re.fullmatch(r".*_tr_(\d+)_1st_\d+", stem)
    return Named(int(match[1]), None) if match else None
