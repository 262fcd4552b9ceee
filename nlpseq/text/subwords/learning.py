"""Pieces learnt from counted words, most of them with the `tokenizers` library."""

import collections
import json

from nlpseq.errors import InputError
from nlpseq.text.subwords.longest_match import CONTINUATION
from nlpseq.text.vocabulary import SPECIALS, UNKNOWN

SCORE_DIGITS = 9
SCORE_STEP = 1e-4  # between the scores that the library gives to rare characters


def learn(kind, counts, size):
    """What a segmenter of a kind needs, learnt from a `Counter` of words.

    Returns:
        dict with `pieces`, for "bpe" also `merges`, for "unigram" also `scores`.

    Raises:
        InputError: there is no word at all, or `size` is too small for the characters.
    """
    if not counts:
        raise InputError("the training texts hold no words: give at least one that is not blank.")
    return LEARNERS[kind](counts, size)


def learn_words(counts, size):
    """The most frequent words; ties go to the smaller."""
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return {"pieces": [*SPECIALS, *ranked[: size - len(SPECIALS)]]}


def learn_characters(counts, size):
    """The most frequent characters; ties go to the smaller."""
    characters = collections.Counter()
    for word, count in counts.items():
        characters.update({each: word.count(each) * count for each in set(word)})
    return learn_words(characters, size)


def learn_byte_pairs(counts, size):
    """Characters, and the pairs of pieces that are the most frequent neighbours."""
    from tokenizers import models, trainers

    _check_size(size, len(set().union(*counts)))
    model = _trained(models.BPE(), trainers.BpeTrainer, counts, size)
    ids = model["vocab"]
    merges = [[ids[left], ids[right]] for left, right in model["merges"]]
    return {"pieces": sorted(ids, key=ids.get), "merges": merges}


def learn_word_pieces(counts, size):
    """As `learn_byte_pairs`, with other pieces at the start of a word than inside."""
    from tokenizers import models, trainers

    inside = sorted(CONTINUATION + each for each in set().union(*(word[1:] for word in counts)))
    _check_size(size, len(set().union(*counts, inside)))
    # As specials they get their ids in this order; else it differs from run to run.
    options = {"continuing_subword_prefix": CONTINUATION, "special_tokens": SPECIALS + inside}
    ids = _trained(models.WordPiece(), trainers.WordPieceTrainer, counts, size, **options)["vocab"]
    return {"pieces": sorted(ids, key=ids.get)}


def learn_unigrams(counts, size):
    """The pieces whose loss would lower the likelihood of the words the most.

    The library sums in an order that differs from run to run, and lists the characters
    that it would have dropped in any order, each with a little more than the least
    score. Here they all have the least score, scores are rounded, and pieces sorted.
    """
    from tokenizers import models, trainers

    alphabet = set().union(*counts)
    _check_size(size, len(alphabet) + 1)  # the library knows to stop only after adding one
    options = {"unk_token": SPECIALS[UNKNOWN]}
    vocabulary = _trained(models.Unigram(), trainers.UnigramTrainer, counts, size, **options)["vocab"]
    scores = {piece: score for piece, score in vocabulary if piece not in SPECIALS}
    least = min(scores.values())
    rare = least + SCORE_STEP * len(alphabet)
    for piece, score in scores.items():
        dropped = piece in alphabet and score < rare
        scores[piece] = round(least if dropped else score, SCORE_DIGITS)
    pieces = sorted(scores, key=lambda piece: (-scores[piece], piece))
    return {
        "pieces": [*SPECIALS, *pieces],
        "scores": [0.0] * len(SPECIALS) + [scores[piece] for piece in pieces],
    }


LEARNERS = {
    "bpe": learn_byte_pairs,
    "wordpiece": learn_word_pieces,
    "unigram": learn_unigrams,
    "word": learn_words,
    "character": learn_characters,
}


def _check_size(size, needed):
    least = len(SPECIALS) + needed
    if size < least:
        raise InputError(
            f"a vocabulary of {size:,} pieces is too small for the characters of the training texts: "
            f"raise its size to {least:,} or more."
        )


def _trained(model, trainer, counts, size, special_tokens=SPECIALS, **options):
    """The library's model after training, as the dict that it saves."""
    from tokenizers import Tokenizer

    library = Tokenizer(model)
    options = {**options, "special_tokens": special_tokens, "show_progress": False}
    words = ([word] * counts[word] for word in sorted(counts))
    library.train_from_iterator(words, trainer(vocab_size=size, **options))
    return json.loads(library.to_str())["model"]
