"""TMX, the exchange format of translation memories."""

import io
from pathlib import Path
from xml.etree import ElementTree

from nlpseq.data.files.contents import read_bytes
from nlpseq.data.files.json_rows import objects_table
from nlpseq.data.files.table import Table
from nlpseq.data.files.xliff import plain_text
from nlpseq.errors import InputError

LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def read_tmx(path: Path) -> Table:
    """The units of a TMX file, with a column for each language.

    Raises:
        InputError: the file is not XML, or has no units.
    """
    units, spellings = [], {}  # of languages, which some files write in two cases
    try:
        for _, element in ElementTree.iterparse(io.BytesIO(read_bytes(path))):
            if element.tag.rpartition("}")[2] == "tu":
                units.append(_unit(element, spellings))
                element.clear()
    except (ElementTree.ParseError, ValueError, LookupError, RecursionError) as error:
        raise InputError(f"{path}: not TMX ({error}).") from None
    if not units:
        raise InputError(f"{path} holds no sentences: expected elements tu with tuv and seg.")
    return objects_table(str(path), units, range(1, len(units) + 1), "unit")


def _unit(element, spellings):
    texts = {}
    for variant in element.iter():
        if variant.tag.rpartition("}")[2] != "tuv":
            continue
        language = variant.get(LANGUAGE) or variant.get("lang") or ""
        segment = next((part for part in variant.iter() if part.tag.rpartition("}")[2] == "seg"), None)
        if language and segment is not None:
            texts[spellings.setdefault(language.casefold(), language)] = plain_text(segment)
    return texts
