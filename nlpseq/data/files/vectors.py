"""Files of word vectors: GloVe and fastText text, word2vec binary, .npy with a list of words; read as a stream."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from nlpseq.data.files.contents import opened
from nlpseq.data.files.paths import cannot_read, in_any_case
from nlpseq.errors import InputError, plural, shorten

HEADER = re.compile(rb"\s*(\d+)\s+(\d+)\s*")  # of fastText and word2vec: the number of vectors, and their size
WORD_LISTS = (".txt", ".vocab", ".words", ".vocab.txt")  # of a .npy file, beside it
LONGEST_WORD = 10_000  # bytes; a word2vec binary without a blank for so long is none
LONGEST_LINE = 1 << 20  # bytes; of a text, which has the word and at most some thousand numbers
BLOCK = 1 << 20  # bytes that are read together
EXPECTED = "GloVe or fastText text, a word2vec binary, or a .npy array with the words in a .txt file of the same name"


class Row(NamedTuple):
    """A word of a file, as bytes, with its vector, float32 `(size,)`; where it is, for errors."""

    word: bytes
    vector: np.ndarray
    place: str


class VectorFile:
    """The vectors in a file.

    Args:
        path: The file. Text and binary forms may be compressed.

    Attributes:
        size: The size of the vectors.

    Raises:
        InputError: The file is missing, or holds no word vectors.
    """

    def __init__(self, path: Path):
        self.path = path
        self._array = _array(path) if path.suffix.lower() == ".npy" else None
        if self._array is not None:
            self.size = self._array.shape[1]
            self._list = _word_list(path, len(self._array))
            return
        with opened(path) as file:
            first, rest = file.readline(LONGEST_LINE), file.read(4096)
        header = HEADER.fullmatch(first)
        self._count = None if header is None else int(header[1])
        self._binary = header is not None and _is_binary(rest, int(header[2]))
        self.size = int(header[2]) if header else _size([first, *rest.split(b"\n")[:-1]])
        if self.size < 2:
            raise InputError(
                f"{path}, line 1: expected a word and the numbers of its vector, got "
                f"{shorten(first.decode('utf-8', 'replace').strip(), 40)!r}: give a file of word vectors ({EXPECTED})."
            )

    def rows(self, words: Collection[bytes], first: int = 0) -> Iterator[Row]:
        """The rows of some words, and of the first ones of the file, in its order.

        Args:
            words: The words.
            first: How many of the first rows to give whatever their words. Default 0.

        Raises:
            InputError: A line is damaged, or the file ends too early.
        """
        if self._array is not None:
            return self._of_array(self._array, words, first)
        return self._of_binary(words, first) if self._binary else self._of_text(words, first)

    def _of_array(self, array, words, first):
        with opened(self._list) as lines:
            for number, line in enumerate(lines):
                word = (line.split() or [b""])[0]
                if number < first or word in words:
                    yield self._row(word, np.array(array[number], np.float32), f"row {number + 1:,}")

    def _of_text(self, words, first):
        start = 1 if self._count is None else 2
        with opened(self.path) as file:
            if start == 2:
                file.readline(LONGEST_LINE)
            number = start - 1
            for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), start):
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                word = line[: line.find(b" ")]
                usual = line.count(b" ") - line.endswith((b" \n", b" \r\n")) == self.size
                if usual and word and number >= start + first and word not in words:
                    continue
                word, values = self._split(line, f"line {number:,}")
                if number < start + first or word in words:
                    yield self._row(word, values, f"line {number:,}")
        self._check_count(number - start + 1)

    def _split(self, line, place):
        """The word of a line, which may have blanks inside, and its vector."""
        fields = line.split()
        word, numbers = b" ".join(fields[: -self.size]), _numbers(fields[-self.size :])
        if len(fields) == self.size and line[:1].isspace():
            word, numbers = b"", _numbers(fields)  # a word of blanks that this file writes as none
        if numbers is None or len(fields) < self.size or (not word and not line[:1].isspace()):
            count = sum(_numbers([field]) is not None for field in fields[1:])
            raise InputError(
                f"{self.path}, {place}: expected a word and {self.size} numbers, got {count} numbers: the file is "
                "damaged or incomplete; get it again."
            )
        return word, numbers

    def _of_binary(self, words, first):
        count, width = self._count or 0, 4 * self.size
        with opened(self.path) as file:
            file.readline(LONGEST_LINE)
            buffer = _Buffer(file)
            for number in range(count):
                word = buffer.until(b" ", LONGEST_WORD)
                data = None if word is None else buffer.take(width)
                if word is None or data is None:
                    raise InputError(
                        f"{self.path}, vector {number + 1:,} of {count:,}: the file ends or is damaged there; "
                        "get it again."
                    )
                word = word.lstrip(b"\n")
                if number < first or word in words:
                    yield self._row(word, np.frombuffer(data, "<f4").astype(np.float32), f"vector {number + 1:,}")

    def _check_count(self, count):
        if self._count is not None and count != self._count:
            raise InputError(
                f"{self.path}, line {count + 2:,}: its first line promises {self._count:,} vectors, and there are "
                f"{count:,}: the file is incomplete; get it again."
            )

    def _row(self, word, vector, place):
        if not np.isfinite(vector).all():
            shown = shorten(word.decode("utf-8", "replace"), 40)
            raise InputError(
                f"{self.path}, {place}: the vector of {shown!r} has a number that is not finite: the file is damaged; "
                "get it again."
            )
        return Row(word, vector, place)


class _Buffer:
    """Reads a stream of bytes in blocks."""

    def __init__(self, file: IO[bytes]):
        self.file, self.data, self.start = file, b"", 0

    def until(self, mark: bytes, most: int) -> bytes | None:
        """What comes before a mark, which is passed; None if it does not come within `most` bytes."""
        end = self.data.find(mark, self.start)
        if end < 0 and self._fill(most):
            end = self.data.find(mark, self.start)
        if end < 0 or end - self.start > most:
            return None
        start, self.start = self.start, end + 1
        return self.data[start:end]

    def take(self, count: int) -> bytes | None:
        """The next bytes; None if there are fewer."""
        if len(self.data) - self.start < count:
            self._fill(count)
        if len(self.data) - self.start < count:
            return None
        start, self.start = self.start, self.start + count
        return self.data[start : self.start]

    def _fill(self, count):
        """Reads `count` bytes or a block, in blocks: a damaged file may promise more bytes than fit in memory."""
        blocks, size = [], 0
        while size < max(count, 1) and (block := self.file.read(BLOCK)):
            blocks.append(block)
            size += len(block)
        self.data, self.start = b"".join([self.data[self.start :], *blocks]), 0
        return bool(blocks)


def _size(lines: list[bytes]) -> int:
    """The size of the vectors in the first lines of a text, in whose very first the word may have blanks inside."""
    fields = lines[0].split()
    if _numbers(fields[1:]) is not None:
        return len(fields) - 1
    return min(map(_trailing, (line.split() for line in lines if line.strip())), default=0)


def _trailing(fields):
    """The number of fields after the first that are numbers, from the last one on."""
    return next((i for i, field in enumerate(fields[:0:-1]) if _numbers([field]) is None), max(0, len(fields) - 1))


def _numbers(fields: list[bytes]) -> np.ndarray | None:
    """The fields as float32, None if one is not a number."""
    try:
        return np.array([float(field) for field in fields], np.float32)
    except ValueError:
        return None


def _is_binary(content, size):
    """Whether the content after a header is that of a word2vec binary: its first line is not a word with numbers."""
    fields = content.split(b"\n", 1)[0].split()
    numbers = fields[1 : size + 1]  # of a long line the last one read may be cut
    return b"\0" in content or not numbers or _numbers(numbers[:-1] or numbers) is None


def _array(path: Path) -> Any:
    """The array of a .npy file, which stays on the disk."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise cannot_read(path, error) from None
    except (ValueError, EOFError):
        raise InputError(f"{path} is damaged, or holds no array of numbers: give a .npy file of one array.") from None
    if getattr(array, "ndim", 0) != 2 or not np.issubdtype(array.dtype, np.floating) or 0 in array.shape:
        shape = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else "several arrays"
        raise InputError(f"{path} holds {shape}: expected an array of floats, a row for each word.")
    return array


def _word_list(path, rows):
    """The file of the words of a .npy file."""
    names = [path.with_suffix(suffix) for suffix in WORD_LISTS]
    file = next(filter(None, map(in_any_case, names)), None)
    if file is None:
        raise InputError(f"{path} needs the words of its rows, one in each line, in {names[0].name} beside it.")
    with opened(file) as lines:
        count = sum(1 for _ in lines)
    if count != rows:
        raise InputError(
            f"{file} has {plural(count, 'line')}, and {path.name} has {plural(rows, 'row')}: expected a word for "
            "each row."
        )
    return file
