"""Subword tokenizers against the encoding of the library that their pieces are learnt with."""

import json
import random
import unicodedata

import keras
import pytest
import tensorflow as tf
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from nlpseq.errors import InputError
from nlpseq.text import END, PADDING, START, UNKNOWN, SubwordTokenizer
from nlpseq.text.subwords import KINDS
from nlpseq.text.vocabulary import SPECIALS
from tests import real_data

SUBWORD_KINDS = ("bpe", "wordpiece", "unigram")
WORDS = [
    "Die",
    "der",
    "das",
    "Männer",
    "grüne",
    "Straße",
    "läuft",
    "laufen",
    "gelaufen",
    "Übung",
    "under",
    "over",
    "undertaker",
    "don't",
    "it’s",
    "l'été",
    "12",
    "3.5",
    "(see)",
    '"quoted"',
    "A-B",
    "été",
    "世界",
    "你好世界",
    "naïve",
    "#tag",
    "##run",
    "▁mark",
    "😀",
    "👩\u200d👩\u200d👧",
    "❤️",
    "می\u200cخواهم",
    "co\u00adoperate",
    "\u200d",
    "...",
    "?!",
    "<unknown>",
    "<s>",
]
UNSEEN = ["жук", "ξένος", "東京", "🦄🦄", "qqq", "Źdźbło", "�", "under🦄", "xжжy", "##д"] + [b"\xff\xfe!"]
BLANKS = [" ", "  ", "\t", "\u00a0", "\n", "\u3000", "\0", " \u2028"]


def sentences(words, count, seed=0):
    """Random words with random blanks, or none, between them."""
    rng = random.Random(seed)
    chosen = [rng.choices([as_bytes(word) for word in words], k=rng.randrange(9)) for _ in range(count)]
    return [b"".join(rng.choice(["", " ", *BLANKS]).encode() + word for word in row) for row in chosen]


def as_bytes(word):
    return word if isinstance(word, bytes) else word.encode()


TRAINING = sentences(WORDS, 300)
TEXTS = [*TRAINING[:100], *sentences(WORDS + UNSEEN, 200, seed=1), b"", b" \n"]
SIZES = {"wordpiece": 240, "word": 400}


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request):
    return SubwordTokenizer.learn(TRAINING, request.param, SIZES.get(request.param, 150))


def library_of(tokenizer):
    """The library's tokenizer with the same pieces; it splits texts by itself."""
    pieces, unknown = tokenizer.pieces, SPECIALS[UNKNOWN]
    ids = {piece: number for number, piece in enumerate(pieces)}
    config = tokenizer.get_config()
    merges = [(pieces[left], pieces[right]) for left, right in config.get("merges", [])]
    scored = list(zip(pieces, config.get("scores", [])))
    model = {
        "bpe": lambda: models.BPE(ids, merges, unk_token=unknown),
        "character": lambda: models.BPE(ids, [], unk_token=unknown),
        "wordpiece": lambda: models.WordPiece(ids, unk_token=unknown),
        "unigram": lambda: models.Unigram(scored, unk_id=UNKNOWN),
        "word": lambda: models.WordLevel(ids, unk_token=unknown),
    }[tokenizer.kind]
    library = Tokenizer(model())
    fillers = r"\x{200B}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{3164}\x{FFA0}"
    joiner, invisible = r"\p{Join_Control}", r"[\p{Default_Ignorable_Code_Point}&&[^\x{200C}\x{200D}" + fillers + "]]"
    blank = r"[\s\p{Z}\p{Cc}\x{200B}]"
    changes = {invisible: "", rf"{joiner}+\z": "", rf"{joiner}*{blank}(?:{blank}|{joiner})*": " ", r" \z": ""}
    fold = [normalizers.Lowercase()] if tokenizer.lowercase else []
    library.normalizer = normalizers.Sequence([
        normalizers.Prepend(" "), *(normalizers.Replace(Regex(old), new) for old, new in changes.items()), *fold
    ])  # fmt: skip
    letter = r"[\p{L}\p{M}\p{N}]"
    word = rf"{letter}+(?:(?:['’]|{joiner}+){letter}+)*|[^ ](?:{joiner}+[^ ])*"
    splits = [rf" ?(?:{word}){joiner}*", "(?m:.{64})"]
    library.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(split), "isolated") for split in splits]
    )
    return library


def check_agreement(tokenizer, texts):
    texts = [text.decode("utf-8", "replace") for text in texts]
    expected = [item.ids for item in library_of(tokenizer).encode_batch(texts)]
    for text, ids, reference in zip(texts, tokenizer(tf.constant(texts)).to_list(), expected):
        assert ids == reference, text


def normalized(text):
    """Blanks and control characters to one space, none at the ends; joiners inside words only."""
    text = text.replace("\ufe0f", "").replace("\u00ad", "")
    kinds = [unicodedata.category(item) for item in text]
    words = "".join(" " if k[0] == "Z" or k == "Cc" else c for c, k in zip(text, kinds)).split()
    return " ".join(filter(None, (word.strip("\u200c\u200d") for word in words)))


def without_unknown(tokenizer, texts):
    """Those of the texts that have no unknown piece."""
    rows = tokenizer(tf.constant(texts)).to_list()
    return [text for text, row in zip(texts, rows) if UNKNOWN not in row]


def decoded(tokenizer, texts):
    return [text.decode() for text in tokenizer.decode(tokenizer(tf.constant(texts))).numpy()]


def test_agrees_with_the_library(tokenizer):
    check_agreement(tokenizer, TEXTS)


@pytest.mark.parametrize("kind", SUBWORD_KINDS)
def test_agrees_with_the_library_in_lower_case(kind):
    check_agreement(SubwordTokenizer.learn(TRAINING, kind, 200, lowercase=True), TEXTS)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", SUBWORD_KINDS)
def test_random_pieces_agree_with_the_library(kind, seed):
    """Pieces that no text would teach: ties of scores, one piece by several merges."""
    rng = random.Random(seed)
    pieces, merges = [" ", "a", "b", "c"], set()
    for _ in range(30):
        left, right = rng.choices(pieces[1:], k=2)
        if len(left + right) < 7:
            merges.add((left, right))
            pieces += [left + right] * (left + right not in pieces)
    ids = {piece: number for number, piece in enumerate(SPECIALS + pieces)}
    merges = sorted([ids[left], ids[right]] for left, right in merges)
    rng.shuffle(merges)
    scores = [0.0] * len(SPECIALS) + [-float(rng.randrange(1, 5)) for _ in pieces]
    if kind == "unigram":  # c is unknown where it stands alone
        place = len(SPECIALS) + pieces.index("c")
        pieces.remove("c")
        del scores[place]
    if kind == "wordpiece":
        pieces = [*pieces, *(" " + piece for piece in pieces[1:]), *("##" + piece for piece in pieces[2:])]
    details = {"bpe": {"merges": merges}, "unigram": {"scores": scores}}.get(kind, {})
    weights = (9, 9, 6, 4, 1, 1)
    texts = ["".join(rng.choices("abc xß", weights, k=40)).encode() for _ in range(80)]
    check_agreement(SubwordTokenizer(kind, SPECIALS + pieces, **details), texts)


def test_known_texts_come_back(tokenizer):
    vocabulary = without_unknown(tokenizer, TRAINING)
    assert len(vocabulary) > 250
    assert decoded(tokenizer, vocabulary) == [normalized(text.decode()) for text in vocabulary]


@pytest.mark.parametrize(
    "kind, expected",
    [
        ("bpe", "ab \ufffdb \ufffd\ufffd."),
        ("character", "ab \ufffdb \ufffd\ufffd."),
        ("unigram", "ab \ufffdb \ufffd."),
        ("wordpiece", "ab \ufffd \ufffd."),
        ("word", "ab \ufffd \ufffd."),
    ],
)
def test_unknown_is_a_replacement_character(kind, expected):
    tokenizer = SubwordTokenizer.learn(["ab ba ab. .ab"] * 3, kind, 30)
    assert decoded(tokenizer, ["ab жb жж."]) == [expected]


def test_specials(tokenizer):
    assert (PADDING, UNKNOWN, START, END) == (0, 1, 2, 3)
    assert tokenizer.pieces[:4] == SPECIALS and len(tokenizer) == len(tokenizer.pieces)
    ids = tokenizer(["Die Männer", "das"])
    wrapped = [[START, *row, END, PADDING] for row in ids.to_list()]
    padded = tf.ragged.constant(wrapped, dtype=tf.int32).to_tensor(PADDING)
    assert tokenizer.decode(padded).numpy().tolist() == ["Die Männer".encode(), b"das"]
    assert tokenizer.decode(tf.stack([padded, padded])).shape == (2, 2)


@pytest.mark.parametrize(
    "text",
    [
        "ü".encode() * 10_000,
        b"\xff" * 200,
        *(pytest.param(text, marks=pytest.mark.slow) for text in (b"a" * 10_000, b"x y, " * 2000)),
    ],
)
def test_long_words(tokenizer, text):
    check_agreement(tokenizer, [b"Die " + text + b" das", text[:63], text[:64], text[:65]])


def test_nothing_at_all(tokenizer):
    assert tokenizer(["", " \n\0"]).to_list() == [[], []]
    empty = tokenizer(tf.zeros([0], tf.string))
    assert empty.shape[0] == 0 and empty.dtype == tf.int32
    assert tokenizer.decode(empty).shape == (0,)
    assert tokenizer.decode(tf.zeros([2, 0], tf.int32)).numpy().tolist() == [b"", b""]


def test_neighbours_change_nothing(tokenizer):
    together = tokenizer(tf.constant(TEXTS[97:103])).to_list()
    assert [tokenizer([text]).to_list()[0] for text in TEXTS[97:103]] == together


@pytest.mark.parametrize(
    "tokenizer",
    [kind if kind == "unigram" else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS],
    indirect=True,
)
def test_export(tokenizer, tmp_path):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def encode(texts):
        return tokenizer(texts).to_tensor(PADDING)

    module = tf.Module()
    module.encode, module.tables = encode, tokenizer.tables
    module.decode = tf.function(tokenizer.decode, [tf.TensorSpec([None, None], tf.int32)])
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    ids = loaded.encode(tf.constant(TEXTS))
    assert ids.numpy().tolist() == tokenizer(tf.constant(TEXTS)).to_tensor().numpy().tolist()
    assert [text.decode() for text in loaded.decode(ids).numpy()] == decoded(tokenizer, TEXTS)
    graph = encode.get_concrete_function().graph
    assert not {operation.type for operation in graph.get_operations()} & {"PyFunc", "EagerPyFunc"}


def test_config_round_trip(tokenizer):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(tokenizer)))
    again = keras.saving.deserialize_keras_object(config)
    assert again.get_config() == tokenizer.get_config()
    assert again(TEXTS).to_list() == tokenizer(TEXTS).to_list()


def test_learning_is_deterministic_and_keeps_its_size(tokenizer):
    again = SubwordTokenizer.learn(TRAINING, tokenizer.kind, SIZES.get(tokenizer.kind, 150))
    assert again.get_config() == tokenizer.get_config()
    assert len(set(tokenizer.pieces)) == len(tokenizer) <= SIZES.get(tokenizer.kind, 150)


@pytest.mark.parametrize("kind", ["word", "character"])
def test_frequent_words_and_characters_come_first(kind):
    pieces = SubwordTokenizer.learn(["b b bb", "a,"], kind, 7).pieces[len(SPECIALS) :]
    assert pieces == {"word": [" b", " a", " bb"], "character": [" ", "b", ","]}[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_one_character_is_enough_to_learn_from(kind):
    tokenizer = SubwordTokenizer.learn([b"a"], kind)
    assert decoded(tokenizer, ["a a"]) == ["a a"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_words_is_an_input_error(kind):
    for texts in ([], ["", " \n"]):
        with pytest.raises(InputError, match="no words"):
            SubwordTokenizer.learn(texts, kind)


@pytest.mark.parametrize("kind, least", [("bpe", 8), ("unigram", 9), ("wordpiece", 11)])
def test_size_too_small_is_an_input_error(kind, least):
    with pytest.raises(InputError, match=f"raise its size to {least} or more"):
        SubwordTokenizer.learn(["abc cab bac"], kind, least - 1)
    assert len(SubwordTokenizer.learn(["abc cab bac"], kind, least)) == least


def test_size_without_room_beside_the_special_tokens_is_an_input_error():
    with pytest.raises(InputError, match="`size` must be .*5"):
        SubwordTokenizer.learn(["a"], "bpe", 4)


def test_unknown_kind_is_an_input_error():
    with pytest.raises(InputError, match="unknown `kind` 'bp'.*did you mean bpe"):
        SubwordTokenizer.learn(["a"], "bp")


@pytest.mark.real_data
@pytest.mark.parametrize("kind", KINDS)
def test_real_text(kind):
    """Multi30k, one vocabulary for both languages: agreement and reversal on all test sentences."""
    folder = real_data.beside("multi30k")
    training, texts = (
        [line for language in ("en", "de") for line in _lines(folder / f"{language}.{split}.txt")]
        for split in ("train", "test")
    )
    assert len(texts) == 2000
    tokenizer = SubwordTokenizer.learn(training, kind)
    check_agreement(tokenizer, texts)
    vocabulary = without_unknown(tokenizer, texts)
    assert len(vocabulary) > (1000 if kind == "word" else 1990)
    assert decoded(tokenizer, vocabulary) == [normalized(text.decode()) for text in vocabulary]


def _lines(path):
    return path.read_bytes().splitlines()


def test_pretokenized_words_are_separated_by_blanks():
    tokenizer = SubwordTokenizer.learn(["I_TURN_LEFT <unk> u.s. n't"], "word", pretokenized=True)
    assert tokenizer.pieces[4:] == [" <unk>", " I_TURN_LEFT", " n't", " u.s."]
    bpe = SubwordTokenizer.learn(["u.s. u.s. u.s."], "bpe", 60, pretokenized=True)
    assert bpe(["u.s."]).to_list() == [[bpe.pieces.index(" u.s.")]]
    with pytest.raises(InputError, match="`pretokenized` is not available with `kind` 'wordpiece'"):
        SubwordTokenizer.learn(["a b"], "wordpiece", 60, pretokenized=True)
