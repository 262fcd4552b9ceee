"""The conditional random field against the enumeration of all tag sequences."""

import itertools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import engine
from nlpseq.errors import InputError
from nlpseq.layers import CRF
from nlpseq.layers.crf_loss import CRFLoss
from nlpseq.tag_schemes import is_legal
from tests.layers.helpers import assert_close, normal

pytestmark = pytest.mark.usefixtures("eager")

TAGS, TIME = 3, 4
MASK = np.array([[1, 1, 1, 1], [0, 1, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0]], bool)
BATCH = len(MASK)
NAMES = ["O", "B-X", "I-X"]


@pytest.fixture(params=[(3, None, True), (3, None, False), (NAMES, "bio", True)], ids=str)
def crf(request):
    tags, scheme, boundaries = request.param
    layer = CRF(tags, scheme, boundaries)
    layer.build((None, None, TAGS))
    layer.set_weights([normal(*w.shape, seed=i) for i, w in enumerate(layer.weights)])
    return layer


def emissions(time=TIME, batch=BATCH):
    return 2 * normal(batch, time, TAGS, seed=9)


def enumerate_row(layer, row, real):
    """Every sequence of the real steps with its score, by the formula."""
    transitions, first, last = (np.asarray(scores, "float64") for scores in layer.potentials())
    row = row[real].astype("float64")
    scores = {}
    for tags in itertools.product(range(TAGS), repeat=len(row)):
        total = sum(row[t, tag] for t, tag in enumerate(tags))
        total += sum(transitions[pair] for pair in itertools.pairwise(tags))
        scores[tags] = total + (first[tags[0]] + last[tags[-1]] if tags else 0.0)
    return scores


def spread(tags, real):
    """Tags of the real steps at their places, 0 elsewhere."""
    whole = np.zeros(len(real), int)
    whole[real] = tags
    return whole


def log_sum(scores):
    values = np.array(list(scores.values()))
    return values.max() + np.log(np.exp(values - values.max()).sum())


@pytest.mark.parametrize("mode", ["portable", "xla"])
def test_log_likelihood(crf, mode):
    x = emissions()
    with engine.mode(mode):
        for seed in range(3):
            tags = np.random.default_rng(seed).integers(0, TAGS, (BATCH, TIME))
            actual = crf.log_likelihood(tags, x, MASK)
            for row in range(BATCH):
                scores = enumerate_row(crf, x[row], MASK[row])
                expected = scores[tuple(tags[row][MASK[row]])] - log_sum(scores)
                assert float(actual[row]) == pytest.approx(expected, rel=1e-5, abs=1e-4)


@pytest.mark.parametrize("time", [0, 1])
def test_short_chains(crf, time):
    x, mask = emissions(time), MASK[:, :time]
    tags, scores = crf.decode(x, mask)
    assert tags.shape == (BATCH, time)
    likelihood = crf.log_likelihood(np.zeros((BATCH, time), int), x, mask)
    for row in range(BATCH):
        all_scores = enumerate_row(crf, x[row], mask[row])
        none = (0,) * int(mask[row].sum())
        assert float(scores[row]) == pytest.approx(max(all_scores.values()), abs=1e-4)
        expected = all_scores[none] - log_sum(all_scores)
        assert float(likelihood[row]) == pytest.approx(expected, abs=1e-4)


def test_viterbi_and_nbest(crf):
    x, count = emissions(), 6
    tags, scores = crf.decode_nbest(x, MASK, count)
    one, score = crf.decode(x, MASK)
    assert one.numpy().tolist() == tags[:, 0].numpy().tolist()
    assert_close(score, scores[:, 0])
    for row in range(BATCH):
        ranked = sorted(enumerate_row(crf, x[row], MASK[row]).items(), key=lambda item: -item[1])
        ranked = [item for item in ranked if item[1] > -np.inf][:count]
        for place, (expected, value) in enumerate(ranked):
            assert float(scores[row, place]) == pytest.approx(value, abs=1e-4)
            assert tags[row, place].numpy().tolist() == spread(expected, MASK[row]).tolist()
        assert np.all(scores[row, len(ranked) :] == -np.inf)


def test_marginals(crf):
    x = emissions()
    actual = crf.marginals(x, MASK).numpy()
    for row in range(BATCH):
        scores = enumerate_row(crf, x[row], MASK[row])
        total, expected = log_sum(scores), np.zeros((TIME, TAGS))
        for tags, value in scores.items():
            for place, tag in zip(np.flatnonzero(MASK[row]), tags):
                expected[place, tag] += np.exp(value - total)
        np.testing.assert_allclose(actual[row], expected, atol=1e-5)


@pytest.mark.parametrize("mode", ["portable", "xla"])
def test_gradients(crf, mode):
    """Against central differences of the enumeration, in float64, along random directions."""
    x, tags = emissions(), np.random.default_rng(1).integers(0, TAGS, (BATCH, TIME))
    tags[0] = [0, 1, 2, 0]  # legal
    sources = [tf.constant(x), *(w.value for w in crf.weights)]
    weigh = np.array([1.0, -2.0, 0.5, 3.0]) * [1, crf.scheme is None, 1, 1]
    with engine.mode(mode), tf.GradientTape() as tape:
        tape.watch(sources[0])
        total = tf.reduce_sum(crf.log_likelihood(tags, sources[0], MASK) * weigh.astype("float32"))
    gradients = tape.gradient(total, sources)
    weights = crf.get_weights()

    def at(values):
        crf.set_weights(values[1:])
        total = 0.0
        for row in np.flatnonzero(weigh):
            scores = enumerate_row(crf, values[0][row], MASK[row])
            total += weigh[row] * (scores[tuple(tags[row][MASK[row]])] - log_sum(scores))
        return total

    values = [x, *weights]
    for place, gradient in enumerate(gradients):
        direction = normal(*values[place].shape, seed=place + 40)
        step = 1e-2
        moved = [[v + s * direction if i == place else v for i, v in enumerate(values)] for s in (step, -step)]
        expected = (at(moved[0]) - at(moved[1])) / (2 * step)
        assert float(tf.reduce_sum(gradient * direction)) == pytest.approx(expected, rel=2e-3, abs=2e-3)


@pytest.mark.usefixtures("graph")
def test_compiled_equals_portable():
    crf = CRF(NAMES, "bio")
    crf.build((None, None, TAGS))
    crf.set_weights([normal(*w.shape, seed=i) for i, w in enumerate(crf.weights)])
    x, tags = tf.constant(emissions()), np.tile([0, 1, 2, 0], (BATCH, 1))
    results = []
    for mode in ("portable", "xla"):
        with engine.mode(mode), tf.GradientTape() as tape:
            tape.watch(x)
            likelihood = crf.log_likelihood(tags, x, MASK)
        results.append([likelihood, *tape.gradient(likelihood, [x, *(w.value for w in crf.weights)])])
    for one, other in zip(*results, strict=True):
        assert_close(one, other)


def test_second_derivatives_are_refused(crf):
    x = tf.constant(emissions())
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            likelihood = crf.log_likelihood(np.zeros((BATCH, TIME), int), x, MASK)
        slope = tf.reduce_sum(inner.gradient(likelihood, x) ** 2)
    with pytest.raises(NotImplementedError, match="first derivatives only"):
        outer.gradient(slope, x)


@pytest.mark.parametrize(
    "scheme, names",
    [
        ("bio", ["O", "B-X", "I-X", "B-Y", "I-Y"]),
        ("iob1", ["I-X", "O", "B-X", "I-Y"]),
        ("bioes", ["O", "B-X", "I-X", "E-X", "S-X", "S-Y"]),
    ],
)
def test_no_illegal_sequence_comes_out(scheme, names):
    crf = CRF(names, scheme)
    x = 5 * normal(200, 9, len(names))
    lengths = np.random.default_rng(0).integers(0, 10, 200)
    mask = np.arange(9) < lengths[:, None]
    tags, _ = crf.decode(crf(x), mask)
    nbest, nscores = crf.decode_nbest(x, mask, 3)
    for row, length in enumerate(lengths):
        assert is_legal([names[tag] for tag in tags[row].numpy()[:length]], scheme)
        for sequence, value in zip(nbest[row].numpy(), nscores[row].numpy()):
            if value > -np.inf:
                assert is_legal([names[tag] for tag in sequence[:length]], scheme)
    illegal = [not is_legal([names[t] for t in row[:n]], scheme) for row, n in zip(x.argmax(-1), lengths)]
    assert sum(illegal) > 100  # which the emissions alone would give


@pytest.mark.slow
@pytest.mark.usefixtures("graph")
def test_all_tags_at_once_are_likely_after_fit(tmp_path):
    """In a user's model: tags that depend on the tag before, which emissions cannot tell."""
    rng = np.random.default_rng(0)
    y = np.cumsum(rng.integers(0, 2, (300, 8)), axis=1) % 3
    x = np.stack([y == 2, rng.random(y.shape) < 0.5], axis=-1).astype("float32")
    lengths = rng.integers(1, 9, 300)
    mask = np.arange(8) < lengths[:, None]
    x[~mask], y[~mask] = 0.0, -1
    inputs = keras.Input((None, 2))
    hidden = keras.layers.Dense(3)(keras.layers.Masking()(inputs))
    crf = CRF(3)
    model = keras.Model(inputs, crf(hidden, mask=keras.ops.any(inputs != 0, axis=-1)))
    model.compile(keras.optimizers.Adam(0.05), loss=crf.loss, jit_compile=False)
    history = model.fit(x, y, epochs=8, verbose=0).history["loss"]
    assert history[-1] < 0.7 * history[0]
    path = tmp_path / "model.keras"
    model.save(path)
    again = keras.saving.load_model(path)
    loaded = again.layers[-1]
    assert isinstance(loaded, CRF)
    assert_close(again.predict(x, verbose=0), model.predict(x, verbose=0))
    assert loaded.decode(again(x), mask)[0].numpy().tolist() == crf.decode(model(x), mask)[0].numpy().tolist()
    again.fit(x, y, epochs=1, verbose=0)

    served = tf.Module()
    served.model = model
    signature = tf.TensorSpec((None, None, 2))
    function = tf.function(lambda x: {"tags": crf.decode(model(x))[0]}, input_signature=[signature])
    tf.saved_model.save(served, str(tmp_path / "served"), signatures=function)
    loaded = tf.saved_model.load(str(tmp_path / "served")).signatures["serving_default"]
    assert loaded(x=tf.constant(x))["tags"].numpy().tolist() == crf.decode(model(x))[0].numpy().tolist()


def test_the_loss_is_the_mean_negative_log_likelihood_of_labelled_steps(crf):
    x, labels = tf.constant(emissions()), np.tile([0, 1, 2, 0], (BATCH, 1))
    labels[1, 2:] = -1  # padding
    expected = -crf.log_likelihood(np.maximum(labels, 0), x, MASK & (labels >= 0)).numpy()
    masked = tf.identity(x)
    masked._keras_mask = tf.constant(MASK)
    assert_close(crf.loss(labels, masked), expected.mean())
    weights = np.array([1.0, 0.0, 2.0, 3.0], "float32")
    assert_close(crf.loss(labels, masked, sample_weight=weights), (expected * weights).mean())
    for reduction, total in (("sum", expected.sum()), ("none", expected)):
        assert_close(CRFLoss(crf, reduction=reduction)(labels, masked), total)
    whole = -crf.log_likelihood(np.maximum(labels, 0), x, labels >= 0).numpy()
    assert_close(crf.loss(labels, x), whole.mean())


@pytest.mark.parametrize("scale", [3e1, 1e2, 2e4])
@pytest.mark.parametrize("kind", ["emissions", "transitions"])
@pytest.mark.parametrize("mode", ["portable", "xla"])
def test_scores_of_any_size(crf, kind, scale, mode):
    x, weights = emissions(), crf.get_weights()
    if kind == "emissions":
        x = scale * x
    else:
        crf.set_weights([scale * weights[0], *weights[1:]])
    tags = crf.decode(x, MASK)[0].numpy()
    tags[0] = [0, 1, 2, 0]
    sources = [tf.constant(x), *(w.value for w in crf.weights)]
    with engine.mode(mode), tf.GradientTape() as tape:
        tape.watch(sources[0])
        actual = crf.log_likelihood(tags, sources[0], MASK)
    marginals = crf.marginals(x, MASK).numpy()
    for row in range(BATCH):
        scores = enumerate_row(crf, x[row], MASK[row])
        expected = scores[tuple(tags[row][MASK[row]])] - log_sum(scores)
        assert float(actual[row]) == pytest.approx(expected, rel=1e-5, abs=1e-6 * scale)
        best = spread(max(scores, key=lambda y: scores[y]), MASK[row])
        assert marginals[row][MASK[row]].argmax(-1).tolist() == best[MASK[row]].tolist()
    assert all(np.isfinite(gradient).all() for gradient in tape.gradient(actual, sources))
    np.testing.assert_allclose(marginals.sum(-1), MASK, atol=1e-6 * scale)


@pytest.mark.usefixtures("graph")
@pytest.mark.slow
def test_rounding_does_not_grow_with_the_length():
    """Against forward-backward in float64, over sequences whose scores reach thousands."""
    rng, time = np.random.default_rng(0), 400
    x, crf = 8 * rng.normal(size=(1, time, TAGS)).astype("float32"), CRF(TAGS)
    crf.build((None, None, TAGS))
    crf.set_weights([4 * rng.normal(size=weight.shape) for weight in crf.get_weights()])
    moves, first, last = (weight.astype("float64") for weight in crf.get_weights())
    alpha, beta = np.zeros((2, time, TAGS))
    alpha[0], beta[-1] = first + x[0, 0], last
    for t in range(1, time):
        alpha[t] = np.logaddexp.reduce(alpha[t - 1][:, None] + moves, axis=0) + x[0, t]
        beta[-t - 1] = np.logaddexp.reduce(moves + x[0, -t] + beta[-t], axis=1)
    expected = np.exp(alpha + beta - np.logaddexp.reduce(alpha[-1] + last))
    np.testing.assert_allclose(crf.marginals(x)[0], expected, atol=3e-6)
    tags, score = crf.decode(x)
    tags = tags.numpy()[0]
    whole = x[0, np.arange(time), tags].astype("float64").sum() + moves[tags[:-1], tags[1:]].sum()
    assert float(score[0]) == pytest.approx(whole + first[tags[0]] + last[tags[-1]], rel=1e-6)


def test_what_is_impossible_never_comes_out():
    crf, none = CRF(NAMES, "bio"), CRF(["B-X", "E-X"], "bioes")  # of which no single tag is possible
    crf.build((None, None, 3)), none.build((None, None, 2))
    x = np.zeros((1, TIME, TAGS), "float32")
    x[:, :, 2] = 1e9  # I-X after O at the start
    tags = crf.decode(x)[0].numpy()[0].tolist()
    assert tags[0] != 2 and is_legal([NAMES[tag] for tag in tags], "bio")
    assert crf.marginals(x).numpy()[0, 0, 2] == 0
    assert none.decode(x[:, :1, :2])[1].numpy().tolist() == [-np.inf]
    assert none.log_likelihood(np.array([[0]]), x[:, :1, :2]).numpy().tolist() == [-np.inf]
    assert not none.marginals(x[:, :1, :2]).numpy().any()


def test_masked_steps_change_nothing_whatever_they_hold(crf):
    results = []
    for filler in (0.0, np.nan, np.inf):
        x = np.where(MASK[..., None], emissions(), filler)
        results.append([*crf.decode_nbest(x, MASK, 2), crf.marginals(x, MASK)])
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(one, two)


def test_large_scores_do_not_overflow():
    crf = CRF(3)
    crf.build((None, None, 3))
    x = 300 * emissions()
    likelihood = crf.log_likelihood(crf.decode(x)[0], x)
    assert_close(likelihood, np.zeros(BATCH))
    assert np.all(np.isfinite(crf.marginals(x)))


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: CRF(0), "positive"),
        (lambda: CRF(3, scheme="bio"), "names"),
        (lambda: CRF(["O", "X-Y"], scheme="bio"), "X-Y"),
        (lambda: CRF(NAMES, scheme="bilou"), "bilou"),
        (lambda: CRF(3)(np.zeros((1, 2, 4), "float32")), r"batch, time, 3"),
        (lambda: CRF(3).decode(np.zeros((2, 3), "float32")), r"batch, time, 3"),
        (lambda: CRF(3).decode(np.zeros((2, 4, 3), "float32"), np.ones((2, 4, 1))), "mask"),
        (lambda: CRF(3).decode(np.zeros((2, 4, 3), "float32"), np.ones((2, 5))), "mask"),
    ],
)
def test_bad_arguments(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def two_taggers():
    """Two models whose CRF has the same name, and both in one."""
    models, crfs = [], []
    for name in ("ner", "pos"):
        x, crf = keras.Input((TIME, 2)), CRF(TAGS, name="crf")
        models.append(keras.Model(x, crf(keras.layers.Dense(TAGS)(x)), name=name))
        crf.set_weights([normal(*w.shape, seed=len(crfs) + 7) for w in crf.weights])
        crfs.append(crf)
    x = keras.Input((TIME, 2))
    pair = keras.Model(x, {model.name: model(x) for model in models})
    pair.compile("sgd", loss={model.name: crf.loss for model, crf in zip(models, crfs)})
    return models, crfs, pair


def through_json(model):
    return json.loads(json.dumps(model.get_compile_config()))


def test_a_loss_belongs_to_its_layer_by_whatever_way_it_comes(tmp_path):
    """A file that is read twice, a clone, configurations: all have the loss of the original once they have its weights.

    Until then they have others, and so has what a wrong layer gives.
    """
    pair, path = two_taggers()[2], tmp_path / "both.keras"
    x, labels = normal(BATCH, TIME, 2), {name: np.zeros((BATCH, TIME), int) for name in ("ner", "pos")}

    def loss(model):
        return float(model.compute_loss(y=labels, y_pred=model(x)))

    expected, weights = loss(pair), pair.get_weights()
    pair.save(path)
    models = {name: keras.saving.load_model(path) for name in ("first", "second")}
    models |= {"copy": keras.models.model_from_json(pair.to_json()), "clone": keras.models.clone_model(pair)}
    for model in models.values():
        model.set_weights([weight + 3 * normal(*weight.shape) for weight in weights])
    models["copy"].compile_from_config(through_json(pair))
    models["clone"].compile_from_config(pair.get_compile_config())
    models["first"].compile_from_config(through_json(models["second"]))
    pair.compile_from_config(through_json(pair))
    for name, model in {**models, "itself": pair}.items():
        saved = model.get_weights()
        model.set_weights(weights)
        assert loss(model) == pytest.approx(expected, rel=1e-6), name
        model.set_weights(saved)


def test_a_clone_trains_its_own_crf():
    model = two_taggers()[0][0]
    model.compile("sgd", loss=model.get_layer("crf").loss)
    clone, before = keras.models.clone_model(model), model.get_weights()
    clone.compile_from_config(model.get_compile_config())
    clone.fit(normal(BATCH, TIME, 2), np.zeros((BATCH, TIME), int), verbose=0)
    assert all(np.any(weight) for weight in clone.get_layer("crf").get_weights())
    for one, two in zip(before, model.get_weights()):
        np.testing.assert_array_equal(one, two)


def test_a_loss_without_its_layer_says_so():
    (model, _), (ner, pos), _ = two_taggers()
    x, labels = normal(BATCH, TIME, 2), np.zeros((BATCH, TIME), int)
    with pytest.raises(InputError, match="that of another CRF"):
        pos.loss(labels, model(x))
    saved = type(ner.loss).from_config(ner.loss.get_config())
    assert_close(saved(labels, model(x)), ner.loss(labels, model(x)))
    with pytest.raises(InputError, match="come from no CRF"):
        saved(labels, model(x) + 0.0)
    with pytest.raises(InputError, match="no weights before its first call"):
        CRF(TAGS).loss(labels, np.zeros((BATCH, TIME, TAGS), "float32"))


@pytest.mark.usefixtures("graph")
def test_a_loss_without_its_layer_says_so_when_a_graph_runs():
    """Not before: under a `tf.distribute` strategy Keras traces a loss with predictions that come from no layer."""
    loss = tf.function(lambda x: CRFLoss()(np.zeros((BATCH, TIME), int), x), autograph=False)
    with pytest.raises(tf.errors.InvalidArgumentError, match="come from no CRF"):
        loss(tf.zeros((BATCH, TIME, TAGS)))


def test_a_chain_without_steps(crf):
    """One sequence of no tags, with the probability 1."""
    empty, tags = np.zeros((BATCH, 0, TAGS), "float32"), np.zeros((BATCH, 0), int)
    assert crf.marginals(empty).shape == (BATCH, 0, TAGS)
    assert crf.log_likelihood(tags, empty).numpy().tolist() == [0.0] * BATCH
    assert crf.log_likelihood(tags, empty, training=True).numpy().tolist() == [0.0] * BATCH


@pytest.mark.usefixtures("graph")
@pytest.mark.slow
def test_layers_of_different_numbers_of_tags_live_side_by_side():
    """Functions that are traced for one number must not lose it over the next."""
    for tags in (2, 3):
        crf = CRF(tags)
        for batch, time in ((2, 3), (3, 5)):
            emissions = crf(np.random.default_rng(tags).normal(size=(batch, time, tags)))
            marginals = tf.function(crf.marginals)(emissions)
            np.testing.assert_allclose(tf.reduce_sum(marginals, axis=-1), 1, atol=1e-5)
        likelihood = tf.function(crf.log_likelihood)(tf.zeros((batch, time), tf.int32), emissions)
        assert (likelihood.numpy() < 0).all()
