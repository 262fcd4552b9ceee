"""Learning of pieces from word counts, for subwords with the `tokenizers` library."""

import collections
import json
from collections.abc import Mapping

from nlpseq.errors import InputError
from nlpseq.text.subwords.longest_match import CONTINUATION
from nlpseq.text.vocabulary import SPECIALS, UNKNOWN

MOST = 50_000_000  # words that the library reads; of a larger corpus it reads the counts in proportion
SCORE_DIGITS = 9
SCORE_STEP = 1e-4  # between the scores that the library assigns to rare characters


def learn(kind: str, counts: Mapping[str, int], size: int) -> dict:
    """The parameters of a segmenter, learnt from word counts.

    Returns:
        dict with `pieces`, for "bpe" also `merges`, for "unigram" also `scores`.

    Raises:
        InputError: there are no words, or `size` is too small for the characters.
    """
    if not counts:
        raise InputError("the training texts hold no words: give at least one text that is not blank.")
    return LEARNERS[kind](counts, size)


def learn_words(counts, size):
    """The most frequent words; among equally frequent ones the smaller word."""
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return {"pieces": [*SPECIALS, *ranked[: size - len(SPECIALS)]]}


def learn_characters(counts, size):
    """The most frequent characters; among equally frequent ones the smaller character."""
    characters = collections.Counter()
    for word, count in counts.items():
        characters.update({character: word.count(character) * count for character in set(word)})
    return learn_words(characters, size)


def learn_byte_pairs(counts, size):
    """All characters, and the most frequent pairs of adjacent pieces."""
    from tokenizers import models, trainers

    _check_size(size, len(set().union(*counts)))
    model = _trained(models.BPE(), trainers.BpeTrainer, counts, size)
    ids = model["vocab"]
    merges = [[ids[left], ids[right]] for left, right in model["merges"]]
    return {"pieces": sorted(ids, key=ids.get), "merges": merges}


def learn_word_pieces(counts, size):
    """As `learn_byte_pairs`, with different pieces at the start of a word and inside."""
    from tokenizers import models, trainers

    inside = sorted(CONTINUATION + character for character in set().union(*(word[1:] for word in counts)))
    _check_size(size, len(set().union(*counts, inside)))
    # As special tokens they keep this order; otherwise it differs between runs.
    options = {"continuing_subword_prefix": CONTINUATION, "special_tokens": SPECIALS + inside}
    ids = _trained(models.WordPiece(), trainers.WordPieceTrainer, counts, size, **options)["vocab"]
    return {"pieces": sorted(ids, key=ids.get)}


def learn_unigrams(counts, size):
    """The pieces whose removal would lower the likelihood of the words the most.

    The library sums in an order that differs between runs, and lists the characters
    that pruning would have removed in random order, with scores a little above the
    least. Here they all get the least score, scores are rounded, and pieces sorted.
    """
    from tokenizers import models, trainers

    alphabet = set().union(*counts)
    _check_size(size, len(alphabet) + 1)  # the library stops only after adding one
    options = {"unk_token": SPECIALS[UNKNOWN]}
    vocabulary = _trained(models.Unigram(), trainers.UnigramTrainer, counts, size, **options)["vocab"]
    scores = {piece: score for piece, score in vocabulary if piece not in SPECIALS}
    least = min(scores.values())
    rare = least + SCORE_STEP * len(alphabet)
    for piece, score in scores.items():
        pruned = piece in alphabet and score < rare
        scores[piece] = round(least if pruned else score, SCORE_DIGITS)
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
    """The model of the library after training, as the dict that it saves."""
    from tokenizers import Tokenizer

    library = Tokenizer(model)
    options = {**options, "special_tokens": special_tokens, "show_progress": False}
    scale = max(1, -(-sum(counts.values()) // MOST))
    words = ([word] * max(1, counts[word] // scale) for word in sorted(counts))
    library.train_from_iterator(words, trainer(vocab_size=size, **options))
    return json.loads(library.to_str())["model"]
