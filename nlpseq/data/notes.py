"""Problems in data that do not stop its use, as sentences that are printed when it is loaded."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence

from nlpseq.data.files.archives import as_given
from nlpseq.errors import shorten
from nlpseq.reporting.console import say

FEW_EXAMPLES = 100  # a score on fewer is off by several points by chance
LARGE_SHARE = 0.9  # of the largest class
CHECKED = 100_000  # characters of a text
LONG_WORDS = 25  # characters of a word, on average
FEW_CLASSES = 20  # different numbers that may be classes, such as half stars


def say_notes(notes: Sequence[str]) -> tuple[str, ...]:
    """Prints notes, a line each, and returns them; they name archives, not the folders of what is unpacked."""
    notes = list(map(as_given, notes))
    for note in notes:
        say(f"note: {note}")
    return tuple(notes)


def few_examples(sizes: Mapping[str, int], unit: str = "examples") -> list[str]:
    """A note on a small test split, given the number of examples by split."""
    size = sizes["test"]
    if size >= FEW_EXAMPLES:
        return []
    return [f"the test split has {size} of the {unit}: a score on so few means little"]


def counted(names: Mapping[str, int], most: int = 5) -> str:
    """Names with their counts: "'mixed' (3), 'other' (1)"; the most frequent ones first."""
    ordered = sorted(names, key=lambda name: -names[name])
    return ", ".join(f"{shorten(name, 40)!r} ({names[name]:,})" for name in ordered[:most]) + (
        ", ..." if len(ordered) > most else ""
    )


def unseen_labels(split: str, counts: Mapping[str, int], unit: str = "labels", first: str = "") -> list[str]:
    """A note on labels that training never shows, given their counts in another split, and where one is first."""
    if not counts:
        return []
    place = f"; the first is in {first}" if first else ""
    return [f"the {split} split has {unit} that training never shows, counted as wrong: {counted(counts)}{place}"]


def shared_examples(splits: Mapping[str, Iterable[Hashable]], unit: str) -> list[str]:
    """A note on the examples of validation and test that training has too, given the content of those of each split.

    >>> shared_examples({"train": ["a", "b"], "validation": ["c"], "test": ["b", "d"]}, "texts")
    ['1 of the 2 test texts is in training too: a score counts what is remembered']
    """
    known, counts = set(map(hash, splits["train"])), []
    for split in ("validation", "test"):
        hashes = [hash(content) for content in splits[split]]
        if shared := sum(content in known for content in hashes):
            counts.append((shared, f"{shared:,} of the {len(hashes):,} {split} {unit}"))
    if not counts:
        return []
    verb = "is" if len(counts) == 1 and counts[0][0] == 1 else "are"
    listed = " and ".join(text for _, text in counts)
    return [f"{listed} {verb} in training too: a score counts what is remembered"]


def odd_text(name: str, text: str) -> list[str]:
    """A note on a text that is HTML, has hardly any blanks, or many control characters, and so may be none.

    A text in a script without blanks, such as Chinese, gets none.
    """
    head = text[:CHECKED]
    controls = sum(ord(character) < 32 and not character.isspace() for character in head)
    words = head.split()
    ascii_only = sum(character.isascii() for character in head) > 0.9 * len(head)
    if head.lstrip()[:15].lower().startswith(("<!doctype html", "<html")):
        return [f"{name} is HTML, whose tags are words like others: give the text without them"]
    if controls > 0.01 * len(head):
        return [f"{name}: {controls / len(head):.0%} of the characters are control characters: check that it is a text"]
    if words and ascii_only and len("".join(words)) > LONG_WORDS * len(words):
        mean = len("".join(words)) // len(words)
        return [f"{name} has hardly any blanks, a word has {mean:,} characters on average: check that it is a text"]
    return []


def several_labels(numbers: Sequence[int]) -> str:
    """A note on texts with several labels, given the number of each text."""
    none = sum(number == 0 for number in numbers)
    without = f"; {none:,} of {len(numbers):,} have none" if none else ""
    return f"texts have any number of labels, {sum(numbers) / len(numbers):.2f} on average{without}"


def about_labels(counts: Mapping[str, int], total: int) -> list[str]:
    """Notes on the labels of training, given their counts and that of the examples: balance, spelling, measurements."""
    notes = []
    if not counts:
        return notes
    largest = max(counts, key=lambda name: counts[name])
    if counts[largest] >= LARGE_SHARE * total:
        notes.append(
            f"{counts[largest] / total:.0%} of the training examples are {shorten(largest, 40)!r}: read F1 beside "
            "accuracy, which is as high for always that class"
        )
    if len(counts) > FEW_CLASSES and all(map(_is_measurement, counts)) and any("." in name for name in counts):
        notes.append(
            f"the labels look like measurements, not classes: {len(counts):,} different numbers such as {largest}; "
            "put them into ranges, or choose another `label`"
        )
    elif len(counts) > FEW_CLASSES and 2 * len(counts) > total:
        notes.append(
            f"there are {len(counts):,} different labels in {total:,} training examples: check that `label` is the "
            "right column"
        )
    return notes + spellings(counts)


def _is_measurement(name):
    try:
        float(name)
    except ValueError:
        return False
    return True


def spellings(names: Iterable[str], unit: str = "labels") -> list[str]:
    """A note on labels that differ by case or blanks only."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault("".join(name.split()).casefold(), []).append(name)
    alike = Counter({" and ".join(map(repr, sorted(names))): len(names) for names in groups.values() if len(names) > 1})
    if not alike:
        return []
    return [f"{unit} differ by case or blanks only, and are different classes: {shorten('; '.join(alike), 200)}"]
