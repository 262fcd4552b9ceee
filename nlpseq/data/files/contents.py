"""The content of a file: bytes, plain or compressed, and the text in them."""

import bz2
import codecs
import contextlib
import gzip
import io
import lzma
import os
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from nlpseq.data.files.paths import cannot_read
from nlpseq.errors import InputError, plural, suggest

ENCODINGS = ("utf-8", "utf-16", "latin-1", "cp1252", "cp1250", "cp1251", "koi8-r", "gb18030", "big5", "shift_jis",
             "euc-jp", "euc-kr")  # fmt: skip
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
FORMATS = {b"%PDF-": "a PDF document", b"%!PS": "a PostScript document", b"{\\rtf": "a document of rich text (RTF)"}
DAMAGED = (
    EOFError,
    ValueError,
    RuntimeError,
    zlib.error,
    lzma.LZMAError,
    gzip.BadGzipFile,
    zipfile.BadZipFile,
    tarfile.TarError,
)  # of compressed files and archives; a ValueError of names, a RuntimeError of passwords
OF_MACS = "__MACOSX/"  # a folder in archives of macOS
HEAD = 1 << 16  # bytes that are looked at before a file is read
MOST_EXPANDED = 200  # a compressed text expands to at most this many times its size, beyond the first MOST_FREE bytes
MOST_FREE = 1 << 26
SHARE_OF_MEMORY = 0.5  # a file may have this share of the physical memory


def read_bytes(path: Path) -> bytes:
    """The content of a regular file, decompressed if it is gzip, bzip2, xz, or a zip of one file.

    Raises:
        InputError: it is missing, not a regular file, damaged, or too large for the memory.
    """
    try:
        size = check_file(path)
        with open(path, "rb") as file:
            head = file.read(HEAD)
            opener = _opener(head)
            if opener is None:
                _check_text(path, head)
                return head + file.read()
            file.seek(0)
            return _expanded(path, file, size, opener)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise cannot_read(path, error) from None


@contextlib.contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A regular file as a stream of bytes, decompressed while it is read; for files larger than the memory.

    Raises:
        InputError: it is missing, not a regular file, or damaged.
    """
    regular_size(path)
    try:
        with open(path, "rb") as file:
            opener = _opener(file.peek(HEAD)[:HEAD])
            if opener is None:
                yield file
                return
            with opener(file) as stream:
                yield stream
    except InputError:
        raise
    except DAMAGED:
        raise damaged(path) from None
    except OSError as error:
        raise cannot_read(path, error) from None


def check_file(path: Path) -> int:
    """The size of a file in bytes.

    Raises:
        InputError: it is missing, not a regular file, or too large for the memory.
    """
    size = regular_size(path)
    most = SHARE_OF_MEMORY * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if size > most:
        raise InputError(
            f"cannot read {path}: its {size / 2**30:.1f} GB do not fit in memory, expected at most "
            f"{most / 2**30:.1f}: give a smaller file."
        )
    return size


def regular_size(path: Path) -> int:
    """The size of a file in bytes.

    Raises:
        InputError: it is missing, or not a regular file, which could be read without end.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        raise cannot_read(path, error) from None
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise InputError(f"cannot read {path}: it is {kind}; give a file.")
    return status.st_size


def _check_text(path, head):
    """Refuses what is not a text before all of it is read."""
    for magic, kind in FORMATS.items():
        if head.startswith(magic):
            raise InputError(f"cannot read {path}: it is {kind}, not a plain text: export it as text.")
    if b"\0" in head and encoding_of(head) is None and not head.startswith((b"PAR1", b"PK\x03\x04")):
        raise InputError(f"cannot read {path}: it holds NUL bytes, so it is not a text; give a text file.")


def _opener(head: bytes) -> Callable[[IO[bytes]], Any] | None:
    if head.startswith(b"\x1f\x8b"):
        return lambda file: gzip.GzipFile(fileobj=file)
    if head.startswith(b"BZh"):
        return bz2.BZ2File
    if head.startswith(b"\xfd7zXZ\x00"):
        return lzma.LZMAFile
    if head.startswith(b"PK\x03\x04") and b"[Content_Types].xml" not in head:  # the latter is a spreadsheet
        return _only_member
    return None


def _only_member(file):
    archive = zipfile.ZipFile(file)
    names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith(OF_MACS)]
    if len(names) != 1:
        count = plural(len(names), "file")
        raise InputError(f"cannot read {file.name}: the archive holds {count}, expected one: unpack it.")
    return archive.open(names[0])


def _expanded(path, file, size, opener):
    most = MOST_FREE + MOST_EXPANDED * size
    try:
        with opener(file) as stream:
            content = io.BytesIO()
            while part := stream.read(1 << 20):
                if content.tell() + len(part) > most:
                    raise InputError(
                        f"cannot read {path}: it expands to more than {MOST_EXPANDED} times its size: unpack it."
                    )
                content.write(part)
    except InputError:
        raise
    except (OSError, *DAMAGED):
        raise damaged(path) from None
    _check_text(path, content.getvalue()[:HEAD])
    return content.getvalue()


def damaged(path: Path) -> InputError:
    """The error for a compressed file or an archive that cannot be unpacked."""
    return InputError(f"cannot read {path}: the compressed data are damaged or encrypted: unpack it.")


def encoding_of(content: bytes) -> str | None:
    """The encoding that a byte-order mark, or the zero bytes of UTF-16 without one, tell; else None."""
    for mark, name in MARKS:
        if content.startswith(mark):
            return name
    head = content[:HEAD]
    for offset, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        # Latin letters in UTF-16 have a zero in every second byte, and none in between.
        zeros, others = head[offset::2].count(0), head[1 - offset :: 2].count(0)
        if len(head) > 1 and zeros > len(head) / 8 and not others:
            return name
    return None


def read_text(path: Path, encoding: str | None = None) -> str:
    """The text of a file.

    Args:
        path: the file, which may be compressed.
        encoding: a codec of Python. Default UTF-8. A byte-order mark in the file takes precedence.

    Raises:
        InputError: the file cannot be read, or its bytes are not valid in the encoding.
    """
    return decode(read_bytes(path), path, encoding)


def decode(content: bytes, path: Any, encoding: str | None = None) -> str:
    """The text of the content of a file, as `read_text` returns it."""
    codec = encoding_of(content) or _codec(path, encoding)
    try:
        text = content.decode(codec)
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        line = content.count(b"\n", 0, start) + 1
        cut = getattr(error, "reason", "") == "unexpected end of data" and not content[:start].isascii()
        if codec.startswith("utf-8") and cut:
            raise InputError(
                f"{path}, line {line}: the file ends within a character: it is cut; get it again."
            ) from None
        name, remedy = codec.removesuffix("-sig").upper(), _suggested(content, start, codec)
        raise InputError(
            f"{path}, line {line}: the text is not {name}; if it is {remedy}, read it with `encoding` {remedy}."
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(f"{path}, line {line}: there is a NUL character, so it is not a text; give a text file.")
    return text


def _codec(path, encoding):
    """The name of a codec of text, given or by default."""
    try:
        codec = codecs.lookup("utf-8" if encoding is None else encoding)
        bytes(4).decode(codec.name, "ignore")  # refuses codecs that are not encodings of text, such as base64
    except (LookupError, ValueError, TypeError):
        raise InputError(
            f"cannot read {path}: unknown `encoding` {encoding!r}: {suggest(str(encoding), ENCODINGS)}"
        ) from None
    return codec.name


def _suggested(content, start, codec):
    """The most probable encoding of bytes that are not valid in another one."""
    from charset_normalizer import from_bytes

    if not codec.startswith("utf-8"):
        return "utf-8"
    sample = content[max(0, start - HEAD // 2) : start + HEAD // 2]
    if _is_japanese(sample):
        return "shift_jis"
    guess = from_bytes(sample, cp_isolation=[name for name in ENCODINGS if not name.startswith("utf")]).best()
    name = guess.encoding.replace("_", "-") if guess else "latin-1"
    # Those of Western Europe, whose other letters stand alone, are taken for others in short samples.
    runs = re.findall(rb"[\x80-\xff]+", sample)
    if name in ("latin-1", "cp1252", "cp1250") or sum(map(len, runs)) < 1.5 * len(runs):
        return "cp1252" if any(0x80 <= byte < 0xA0 for byte in sample) else "latin-1"
    return {"shift-jis": "shift_jis"}.get(name, name)


def _is_japanese(sample):
    """Whether bytes are Japanese in Shift JIS, whose second bytes are often ASCII: one character in ten is Hiragana."""
    text = sample.decode("shift_jis", "ignore")
    letters = [character for character in text if not character.isascii()]
    return sum("\u3041" <= character <= "\u3096" for character in letters) > len(letters) / 10


def lines_of(text: str) -> list[str]:
    """The lines of a text, which end in "\\n", "\\r\\n" or, in a text without these, "\\r"."""
    if "\n" not in text:
        text = text.replace("\r", "\n")
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")


def read_lines(path: Path, encoding: str | None = None) -> list[str]:
    """The lines of a text file, as `lines_of` splits them; none of an empty file."""
    text = read_text(path, encoding)
    return lines_of(text) if text else []
