"""Words in the names of sounds, for folders without any other text: 0_jackson_12.wav."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from nlpseq.tasks.speech.recordings import Recording

LEAST = 4  # sounds of a word, on average
FIELD = "first part"


def of_first_parts(files: Sequence[Path]) -> list[Recording] | None:
    """Recordings whose text is the first part of their names, if all have as many parts and it recurs; else None."""
    names = [parts_of(file) for file in files]
    words = Counter(parts[0] for parts in names)
    if len({len(parts) for parts in names}) > 1 or len(names[0]) < 2 or not 2 <= len(words) <= len(files) // LEAST:
        return None
    return [Recording(file, parts[0], {FIELD: parts[0]}) for file, parts in zip(files, names)]


def are_digits_of_speakers(files: Iterable[Path]) -> bool:
    """Whether the folders are speakers that the names have behind a digit: 01/3_01_0.wav, or anna/3_anna_0.wav.

    Numbers of speakers are longer than the digit; behind all ten digits they may be names. Folders of words whose names
    have the word too, yes/anna_yes_0.wav or 3/01_3_0.wav, are not.
    """
    parts = [(file.parent.name, *parts_of(file)) for file in files]
    if not all(digit.isdecimal() and speaker in others for speaker, digit, *others in parts):
        return False
    numbered = all(speaker.isdecimal() and len(digit) < len(speaker) for speaker, digit, *_ in parts)
    lettered = not any(speaker.isdecimal() for speaker, *_ in parts)
    return numbered or (lettered and {digit for _, digit, *_ in parts} == set("0123456789"))


def parts_of(file: Path) -> list[str]:
    """The parts of the name of a file: "0", "jackson" and "12"."""
    return re.split("[-_]", file.stem)
