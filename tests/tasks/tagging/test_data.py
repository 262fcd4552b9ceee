"""Datasets for tagging from TFDS builders and from files, and what is wrong with bad ones."""

import os
import random
import re
import time
from collections import Counter, defaultdict

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from nlpseq import tag_schemes
from nlpseq.corpora import tags as corpus
from nlpseq.data import Sentences, load_tagged_sentences
from nlpseq.errors import InputError
from nlpseq.tasks.tagging.schemas import TAGGING, TaggingSchema

IOB1 = [("Rex", "I-PER"), ("Ann", "B-PER"), ("sees", "O"), ("Old", "I-LOC"), ("Rome", "I-LOC")]
BIO = [(token, tag) for (token, _), tag in zip(IOB1, ["B-PER", "B-PER", "O", "B-LOC", "I-LOC"])]
WORDS = [("the", "DET"), ("cook", "NOUN"), ("ran", "VERB")]


class NlpseqTagProbe(tfds.core.GeneratorBasedBuilder):
    """A dataset of the tests: tags as classes, texts and numbers, empty sentences, no words."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        sequence = tfds.features.Sequence
        features = {
            "words": sequence(tfds.features.Text()),
            "kinds": sequence(tfds.features.ClassLabel(names=["never", "odd", "even", "third"])),
            "names": sequence(tfds.features.Text()),
            "sizes": sequence(tf.int32),
            "short": sequence(tfds.features.Text()),
            "text": tfds.features.Text(),
            "score": sequence(tf.float32),
        }
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(30, 2), "test": self._generate_examples(4, 3)}

    def _generate_examples(self, count, kinds):
        for i in range(count):
            size = i % 4
            yield (
                i,
                {
                    "words": [f"w\u00f6rd{i}"] * size,
                    "kinds": [1 + i % kinds] * size,
                    "names": ["ab"[i % 2], "left", "ab"[i % 2]][:size],
                    "sizes": list(range(size)),
                    "short": ["x"] * (size // 2),
                    "text": "text",
                    "score": [0.5] * size,
                },
            )


def write(path, sentences):
    rows = ["\n".join(" ".join(row) for row in sentence) for sentence in sentences]
    path.write_text("\n\n".join(rows) + "\n", encoding="utf-8")
    return str(path)


def named(data, split):
    """The names of the tags of a split."""
    return [[data.labels[tag] for tag in tags] for tags in getattr(data, split).tags]


def fails(match, *arguments, **options):
    with pytest.raises(InputError, match=match) as caught:
        load_tagged_sentences(*arguments, **options)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 400


@pytest.mark.parametrize("chosen", [slice(1, 4), [4, 0], np.arange(6) % 2 == 0, 3])
def test_sentences_select_as_arrays_do(chosen):
    tokens = [[f"{i}"] * i for i in range(6)]
    tags = [[i] * i for i in range(6)]
    actual = Sentences(tokens, tags).select(chosen)
    expected = np.atleast_1d(np.arange(6)[chosen])
    assert actual == Sentences([tokens[i] for i in expected], [tags[i] for i in expected])
    assert len(actual) == len(expected)


@pytest.mark.parametrize("tokens", [[["a", "\u00e9\u4e2d"], [], ["b"], []], [], [[], []]])
def test_ragged_tensors_hold_the_sentences(tokens):
    tags = [[len(token) for token in row] for row in tokens]
    actual = Sentences(tokens, tags).ragged()
    assert [part.dtype for part in actual] == [tf.string, tf.int32]
    assert [part.shape.as_list() for part in actual] == [[len(tokens), None]] * 2
    assert actual[0].to_list() == [[token.encode() for token in row] for row in tokens]
    assert actual[1].to_list() == tags


def test_every_schema_fits_its_builder(tmp_path):
    for name, schema in TAGGING.items():
        features = tfds.builder(name, data_dir=tmp_path).info.features
        left_out = schema.left_out or ()
        assert {schema.tokens, schema.tags, *left_out[:1]} <= set(features), name
        assert isinstance(features[schema.tags].feature, tfds.features.ClassLabel), name


def test_features_by_flag_and_empty_sentences_dropped(tmp_path):
    data = load_tagged_sentences("nlpseq_tag_probe", tmp_path, tokens="words", tags="names")
    assert data.labels == ("a", "b", "left") and data.scheme is None
    assert data.sizes == {"train": 20, "validation": 2, "test": 3}
    for split in data.sizes:
        for tokens, names in zip(getattr(data, split).tokens, named(data, split)):
            number = int(tokens[0].removeprefix("w\u00f6rd"))
            letter = "ab"[number % 2]
            assert names == [letter, "left", letter][: number % 4] and len(set(tokens)) == 1


def test_tokens_that_are_no_words_are_left_out(tmp_path, monkeypatch):
    schema = TaggingSchema("words", "sizes", left_out=("names", "left"))
    monkeypatch.setitem(TAGGING, "nlpseq_tag_probe", schema)
    data = load_tagged_sentences("nlpseq_tag_probe", tmp_path)
    assert data.labels == ("0", "2")
    assert {tuple(names) for names in named(data, "train")} == {("0",), ("0", "2")}


def test_classes_that_training_never_shows(tmp_path):
    options = {"tokens": "words", "tags": "kinds"}
    data = load_tagged_sentences("nlpseq_tag_probe", tmp_path, test="train[:9]", **options)
    assert data.labels == ("odd", "even")
    data = load_tagged_sentences("nlpseq_tag_probe", tmp_path, **options)
    assert data.labels == ("odd", "even") and data.test.unseen == ("third",)
    assert any("'third' (2)" in note and "counted as wrong" in note for note in data.notes)


@pytest.mark.parametrize("options, match", [
    ({}, "no feature 'tokens'; name its features with `tokens` and `tags`"),
    ({"tokens": "words", "tags": "kind"}, "no feature 'kind'.*did you mean kinds"),
    ({"tokens": "words", "tags": "text"}, "'text' .* is not a sequence of tokens or tags"),
    ({"tokens": "words", "tags": "score"}, "'score' .* is not a sequence of tokens or tags"),
    ({"tokens": "sizes", "tags": "kinds"}, "'sizes' .* is not text"),
    ({"tokens": "words", "tags": "short"}, "a sentence with different numbers of tokens and tags"),
    ({"tokens": "words", "tags": "kinds", "test": "tset"}, "no split 'tset': did you mean test"),
    ({"tokens": "words", "tags": "kinds", "encoding": "latin-1"}, "`encoding` is for files"),
])  # fmt: skip
def test_bad_names_of_features_and_splits(tmp_path, options, match):
    fails(match, "nlpseq_tag_probe", tmp_path, **options)


def test_iob1_becomes_bio(tmp_path):
    data = load_tagged_sentences(write(tmp_path / "a.txt", [IOB1] * 20))
    assert data.scheme == "bio" and data.labels == ("B-LOC", "B-PER", "I-LOC", "O")
    assert sum(data.sizes.values()) == 20 and data.title == "a.txt"
    for split in data.sizes:
        assert all(names == [tag for _, tag in BIO] for names in named(data, split))
        assert all(tokens == [token for token, _ in BIO] for tokens in getattr(data, split).tokens)


def test_legal_sequences_of_each_scheme_stay_and_others_keep_their_spans(tmp_path):
    generator = random.Random(3)
    letters = ["O", "B-X", "I-X", "B-Y", "I-Y"]
    sentences = [[("w", generator.choice(letters)) for _ in range(6)] for _ in range(60)]
    write(tmp_path / "train.txt", sentences)
    write(tmp_path / "dev.txt", sentences)
    write(tmp_path / "test.txt", sentences)
    data = load_tagged_sentences(str(tmp_path))
    for names, sentence in zip(named(data, "test"), sentences, strict=True):
        tags = [tag for _, tag in sentence]
        assert tag_schemes.is_legal(names, "bio")
        assert tag_schemes.spans(names) == tag_schemes.spans(tags)
        assert names == tags or not tag_schemes.is_legal(tags, "bio")


def test_bilou_becomes_bioes(tmp_path):
    rows = [("a", "B-X"), ("b", "I-X"), ("c", "L-X"), ("d", "O"), ("e", "U-Y")]
    data = load_tagged_sentences(write(tmp_path / "a.txt", [rows] * 20))
    assert data.scheme == "bioes" and named(data, "test")[0] == ["B-X", "I-X", "E-X", "O", "S-Y"]


def test_tags_that_only_look_like_those_of_spans(tmp_path):
    rows = [("a", "U-X"), ("b", "L-X"), ("c", "B-X"), ("d", "NN")]
    data = load_tagged_sentences(write(tmp_path / "a.txt", [rows] * 20))
    assert data.scheme is None and data.labels == ("B-X", "L-X", "NN", "U-X")


def test_folder_of_conllu_by_name_of_a_column(tmp_path):
    line = "1\t{}\t{}\tX\t{}\t_\t_\t_\t_\t_\n\n"
    for split in ("train", "dev", "test"):
        text = "".join(line.format(split, split, tag) for tag in ("NN", "VB"))
        (tmp_path / f"en-ud-{split}.conllu").write_text(text)
    data = load_tagged_sentences(str(tmp_path), tags="xpos")
    assert data.labels == ("NN", "VB") and data.validation.tokens == [["dev"], ["dev"]]
    fails("one tag only", str(tmp_path))


@pytest.mark.parametrize("bad, match", [
    ("X-PER", "line 63: tag 'X-PER' does not fit the scheme bio"),
    ("I-", "line 63: tag 'I-' does not fit the scheme bio"),
    ("NOUN", "line 63: tag 'NOUN' does not fit the scheme bio"),
])  # fmt: skip
def test_a_tag_that_does_not_fit_the_scheme(tmp_path, bad, match):
    sentences = [BIO] * 10 + [[("a", "O"), ("b", "O"), ("c", bad)]]
    fails(match, write(tmp_path / "a.txt", sentences))


def test_a_tag_that_training_never_shows_is_reported_with_its_place(tmp_path):
    write(tmp_path / "train.txt", [WORDS] * 30)
    write(tmp_path / "test.txt", [WORDS, [("a", "DET"), ("run", "NOUM")]])
    data = load_tagged_sentences(str(tmp_path))
    assert data.labels == ("DET", "NOUN", "VERB") and data.test.tags[1] == [0, 3] and data.test.unseen == ("NOUM",)
    assert data.test.with_known_labels(3).tokens == data.test.tokens[:1]
    assert any("'NOUM' (1); the first is in" in note and "test.txt, line 6" in note for note in data.notes)


@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize("bad", ["MISC", "U-PER", "B_PER", "X-PER", "I-", "B-NEW"])
def test_training_alone_decides_the_scheme(bad, split):
    """Elsewhere a tag of another form is one more tag, which is reported; those beside it are read as always."""
    other = [[("a", "I-PER"), ("b", bad), ("c", "I-PER"), ("d", "O")]] * 20
    data = load_tagged_sentences({"train": [IOB1] * 40, split: other})
    part = getattr(data, split)
    assert data.labels == ("B-LOC", "B-PER", "I-LOC", "O") and part.unseen == (bad,)
    assert [(*data.labels, bad)[tag] for tag in part.tags[0]] == ["B-PER", bad, "B-PER", "O"]
    assert any(f"the {split} split has tags" in note and f"{bad!r} (20)" in note for note in data.notes)


@pytest.mark.parametrize("text, match", [
    ("token,tag\n" + "a,O\nb,B-X\n" * 60, "every sentence of training is one token"),
    ("token,tag\n" + "O,a\nB-X,b\nI-X,c\n\n" * 60, "the tokens look like tags"),
    ("token,tag\n" + "a,X\nO,X\nB-X,Y\n\n" * 60, None),
])  # fmt: skip
def test_what_is_perhaps_read_from_the_wrong_place(tmp_path, text, match):
    (tmp_path / "a.csv").write_text(text)
    notes = [
        note
        for note in load_tagged_sentences(tmp_path / "a.csv").notes
        if not re.search("held out|test split|in training too", note)
    ]
    assert [re.search(match or "$", note) is not None for note in notes] == [True] * (match is not None)


def test_many_tags_take_linear_time():
    size = 20_000
    parts = [[[("a", f"{form}{i}"), ("b", f"{form}{i + 1}")] for i in range(size)] for form in ("t", "u")]
    before = time.process_time()
    data = load_tagged_sentences({"train": parts[0], "validation": parts[0], "test": parts[1]})
    assert len(data.labels) == size + 1 and len(data.test.unseen) == size + 1
    assert time.process_time() - before < 10  # quadratic: minutes


def test_one_tag_only_too_few_sentences_and_options_of_tfds(tmp_path):
    path = write(tmp_path / "a.txt", [[("a", "X")]] * 20)
    fails("one tag only .'X'.: expected at least two", path)
    fails("`data_dir` and splits are for TFDS", path, train="train[:5]")
    fails("`data_dir` and splits are for TFDS", path, str(tmp_path))
    fails("too small to hold out a part", write(tmp_path / "b.txt", [WORDS, WORDS[::-1]][:1]))
    fails("unknown dataset .*did you mean wikiann", "wikian")


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    return load_tagged_sentences("nlpseq_tags", tmp_path_factory.mktemp("tfds"))


@pytest.mark.slow
def test_embedded_corpus(embedded):
    assert embedded.sizes == {"train": 6000, "validation": 1000, "test": 1000}
    assert embedded.labels == tuple(corpus.UPOS) and embedded.scheme is None
    assert embedded.generated and "generated" in embedded.title
    parts = (getattr(embedded, split).tokens for split in embedded.sizes)
    texts = [" ".join(tokens) for part in parts for tokens in part]
    assert len(set(texts)) == len(texts) == 8000


@pytest.mark.slow
def test_words_of_the_embedded_corpus_need_their_context(embedded):
    """The most frequent tag of a word is right for at most 0.80 of the tokens."""
    counts = defaultdict(Counter)
    pairs = {
        split: [pair for row in zip(part.tokens, part.tags) for pair in zip(*row)]
        for split, part in (("train", embedded.train), ("test", embedded.test))
    }
    for token, tag in pairs["train"]:
        counts[token][tag] += 1
    best = {token: count.most_common(1)[0][0] for token, count in counts.items()}
    noun = embedded.labels.index("NOUN")
    right = np.mean([best.get(token, noun) == tag for token, tag in pairs["test"]])
    unseen = np.mean([token not in best for token, _ in pairs["test"]])
    assert 0.70 < right <= 0.80 and 0.02 <= unseen <= 0.04


def test_a_clause_of_the_embedded_corpus_has_one_reading(monkeypatch):
    """With few words a clause is soon drawn twice, and has the same tags each time."""
    few = {"V": "light clean", "V3": "lights", "THING": "light", "THINGS": "lights runs", "VI": "run"}
    few |= {"VI3": "runs", "A": "left", "AN": "light", "NADJ": "light", "AV": "clean", "AADV": "fast"}
    few |= {"MODAL": "will can", "NMODAL": "will can", "NAME": "Will", "VPAST": "left saw", "NPAST": "saw"}
    few |= {"ADVA": "fast", "IN": "inside", "OUT": "inside", "VING": "painting", "NING": "painting"}
    words = {
        symbol: (tag, few[symbol].split() if symbol in few else words[:1])
        for symbol, (tag, words) in corpus.WORDS.items()
    }
    monkeypatch.setattr(corpus, "WORDS", words)
    generator, seen, again = random.Random(5), {}, 0
    for _ in range(40_000):
        tokens, tags = zip(*corpus.expand(generator, "CLAUSE"))
        again += tokens in seen
        assert seen.setdefault(tokens, tags) == tags, tokens
    assert again > 8_000


@pytest.mark.real_data
def test_universal_dependencies_without_what_is_no_word():
    data = load_tagged_sentences("universal_dependencies/en_ewt", os.environ["NLPSEQ_DATA"])
    counts = [sum(map(len, getattr(data, split).tokens)) for split in data.sizes]
    assert data.sizes == {"train": 12543, "validation": 2001, "test": 2077}
    assert counts == [204578, 25149, 25094]
    assert len(data.labels) == 17 and "_" not in data.labels
