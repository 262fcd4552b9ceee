"""Names of languages in headers and file names."""

import re

# ISO 639-1, the three letters of ISO 639-3 that corpora use, and English names.
NAMES = """
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee
    el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is
    it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms
    mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk
    sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi
    yo za zh zu eng deu ger fra fre spa ita por nld dut rus ukr pol ces cze slk ron rum hun fin swe dan nor nob
    tur ell gre ara heb fas hin ben urd tam tel jpn kor zho chi cmn vie tha ind msa tgl swa lat epo cat eus glg
    hrv srp slv bul mkd est lav lit english german french spanish italian portuguese dutch russian ukrainian
    polish czech slovak romanian hungarian finnish swedish danish norwegian turkish greek arabic hebrew persian
    hindi bengali urdu tamil telugu japanese korean chinese mandarin vietnamese thai indonesian malay tagalog
    swahili latin esperanto catalan basque galician croatian serbian slovenian bulgarian macedonian estonian
    latvian lithuanian deutsch
"""
CODES = frozenset(NAMES.split())
# What else names of columns of sentences are made of.
AROUND = """
    sentence sentences word words phrase phrases text texts string segment line lang language translation translations
    translated original source src target tgt trg side
"""


def is_language(name: str) -> bool:
    """Whether a name is a language, with a region or script if any: "en", "pt_BR", "zh-Hans", "German"."""
    base, *region = re.split("[-_]", name.strip())
    return base.lower() in CODES and len(region) <= 1 and all(re.fullmatch("[A-Za-z]{2,4}|[0-9]{3}", r) for r in region)


def names_side(name: str) -> bool:
    """Whether a column name is that of one side of a translation: "en", "English words/sentences", "Translation"."""
    words = re.findall(r"[^\W\d_]+", name.lower())
    are_codes = all(word in CODES or word in AROUND.split() for word in words)
    return is_language(name) or (bool(words) and are_codes and sum(word in CODES for word in words) <= 1)


def names_language(name: str) -> bool:
    """Whether a column name is that of a side and tells its language: "en_sentence", not "Translation"."""
    return is_language(name) or (names_side(name) and bool(CODES & set(re.findall(r"[^\W\d_]+", name.lower()))))
