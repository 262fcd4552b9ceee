"""XLIFF, the exchange format of localisation, in its versions 1.2 and 2."""

import io
from pathlib import Path
from xml.etree import ElementTree

from nlpseq.data.files.contents import read_bytes
from nlpseq.data.files.json_rows import columns_table
from nlpseq.data.files.table import Table
from nlpseq.errors import InputError

SUFFIXES = (".xlf", ".xliff")
LANGUAGES = {"source": ("source-language", "srcLang"), "target": ("target-language", "trgLang")}  # versions 1.2, 2
CODES = ("bpt", "ept", "ph", "it", "ut")  # elements that hold markup of another format


def read_xliff(path: Path) -> Table:
    """The segments of an XLIFF file, with a column of sources and one of targets, named by their languages.

    Raises:
        InputError: the file is not XML, or has no segments.
    """
    languages, pairs = {}, []
    try:
        for event, element in ElementTree.iterparse(io.BytesIO(read_bytes(path)), ("start", "end")):
            name = element.tag.rpartition("}")[2]
            if event == "start" and name in ("file", "xliff"):
                for side, (old, new) in LANGUAGES.items():
                    languages[side] = element.get(old) or element.get(new) or languages.get(side, side)
            elif event == "end" and name == "source":
                pairs.append([plain_text(element), ""])
            elif event == "end" and name == "target" and pairs:
                pairs[-1][1] = plain_text(element)
    except (ElementTree.ParseError, ValueError, LookupError, RecursionError) as error:
        raise InputError(f"{path}: not XLIFF ({error}).") from None
    if not pairs:
        raise InputError(f"{path} holds no sentences: expected elements source and target.")
    names = [languages.get(side, side) for side in ("source", "target")]
    names = names if names[0] != names[1] else ["source", "target"]
    return columns_table(str(path), dict(zip(names, map(list, zip(*pairs)))), "unit")


def plain_text(element: ElementTree.Element) -> str:
    """The text in an element without the markup of other formats."""

    def parts(inner):
        yield inner.text or ""
        for child in inner:
            if child.tag.rpartition("}")[2] not in CODES:
                yield from parts(child)
            yield child.tail or ""

    return "".join(parts(element)).strip()
