"""What is decided on validation data after training: the share of a classifier, a temperature, thresholds of labels."""

from dataclasses import dataclass

import numpy as np

from nlpseq.runtime.chains import softmax

BINS = 15  # of scores, as in Guo et al. (2017)
HOTTEST = 20.0  # the temperature is at most this, and at least its inverse
SHARES = np.linspace(0.05, 0.95, 19)  # of the first of two classifiers
ENOUGH = 2000  # examples from which a share that fits them is better on others than one half
FEW = 5  # texts: a label that fewer of them have gets the threshold that is best for all labels


@dataclass(frozen=True)
class Calibration:
    """A temperature and what it changes.

    Attributes:
        temperature: The logits are divided by it.
        before, after: Expected calibration error with a temperature of 1, and with this one.
        examples: Number of validation texts.
    """

    temperature: float
    before: float
    after: float
    examples: int


def calibration_line(calibration: Calibration | None, unit: str = "texts") -> str:
    """What a calibration has changed, for the console; None is one without examples."""
    if calibration is None:
        return f"not calibrated: none of the validation {unit} has a label that training shows"
    return (
        f"calibrated on {calibration.examples:,} validation {unit}: temperature {calibration.temperature:.3f}, "
        f"expected calibration error {calibration.after:.4f}, before {calibration.before:.4f}"
    )


def about_scores(calibration: Calibration | None, weighted: bool, unit: str = "texts") -> str:
    """What users of the scores should know, a sentence or two, for the limits of a model.

    Args:
        calibration: The calibration, None without.
        weighted: Whether the model was trained with class weights.
        unit: What was scored, a plural.
    """
    if calibration is None:
        great = " It was trained with class weights: classes of great weight get high scores."
        return "Its scores are not calibrated." + great * weighted
    return (
        f"Its scores are calibrated: on {calibration.examples:,} validation {unit} their expected calibration error "
        f"is {calibration.after:.4f}, and without the temperature of {calibration.temperature:.4g} it is "
        f"{calibration.before:.4f}."
    )


def calibration(logits: np.ndarray, labels: np.ndarray) -> Calibration:
    """The temperature that is best for some texts.

    Args:
        logits: `(texts, classes)`.
        labels: Class numbers `(texts,)`; of texts with several labels 0 and 1 for each class, `(texts, classes)`.

    Example:

    >>> calibration(np.array([[4.0, 0.0]] * 3 + [[0.0, 4.0]]), np.array([0, 0, 0, 0])).temperature > 2
    True
    """
    pairs, classes = _alternatives(logits, labels)
    temperature = best_temperature(pairs, classes)
    errors = (calibration_error(*_scored(logits / divisor, labels)) for divisor in (1.0, temperature))
    return Calibration(temperature, *errors, len(logits))


def best_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature with the highest likelihood.

        T = argmin_T - sum_i sum_k q_ik log softmax(z_i / T)_k
        q_ik = (1 - e) [k = y_i] + e / K,   e = 2 / (n + 2)

    The targets q, which for two classes are those of Platt (1999), keep few texts that are all classified correctly
    from making the scores certain.

    Args:
        logits: z, float `(n, K)`.
        labels: y, class numbers `(n,)`.

    References:
        Guo et al. (2017), On calibration of modern neural networks, section 4.2.
        Platt (1999), Probabilistic outputs for support vector machines, section 2.2.
    """
    logits = logits.astype(np.float64)
    share = 2 / (len(labels) + 2)
    own = logits[np.arange(len(labels)), labels]
    target = np.mean((1 - share) * own + share * logits.mean(axis=1))  # sum_k q_k z_k
    low, high = -np.log(HOTTEST), np.log(HOTTEST)
    for _ in range(40):  # the loss is convex in 1 / T: bisection for the zero of its derivative
        middle = (low + high) / 2
        expected = np.mean(np.sum(softmax(np.exp(middle) * logits) * logits, axis=1))  # sum_k p_k z_k
        low, high = (low, middle) if expected > target else (middle, high)
    return float(round(np.exp(-low), 6))


def best_share(first: np.ndarray, second: np.ndarray, labels: np.ndarray) -> float:
    """The share s, of `SHARES`, for which s z + (1 - s) u has the highest likelihood, each with its best temperature.

    Args:
        first, second: The logits z and u of two classifiers, as of `calibration`.
        labels: As of `calibration`.

    Reference:
        Wolpert (1992), Stacked generalization, with one weight.
    """
    losses = []
    for share in SHARES:
        pairs, classes = _alternatives(share * first + (1 - share) * second, labels)
        scores = softmax(pairs / best_temperature(pairs, classes))
        losses.append(-np.log(np.maximum(scores[np.arange(len(classes)), classes], 1e-30)).mean())
    return float(SHARES[int(np.argmin(losses))])


def calibration_error(scores: np.ndarray, correct: np.ndarray) -> float:
    """The expected calibration error: the mean distance of scores and accuracy over equal bins of scores.

        ECE = sum_b n_b / n |accuracy_b - mean score_b|

    Args:
        scores: From 0 to 1, `(n,)`.
        correct: Whether what was scored is true, `(n,)`.

    Example:

    >>> calibration_error(np.array([0.9, 0.9, 0.6, 0.6]), np.array([True, True, True, False])).round(3)
    0.1

    Reference:
        Guo et al. (2017), equation 3.
    """
    bins = np.minimum((scores * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, correct, BINS) - np.bincount(bins, scores, BINS)
    return float(np.abs(gaps).sum() / len(scores))


def scored(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What `calibration_error` compares: the score of the predicted class, or of each label of each text.

    Args:
        scores: Float `(texts, classes)`.
        labels: As of `calibration`; classes after those that have scores are not compared.
    """
    if labels.ndim == 2:
        return scores.ravel(), labels[:, : scores.shape[1]].ravel() > 0
    return scores.max(axis=1), scores.argmax(axis=1) == labels


def best_thresholds(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """For each label the logit from which it is assigned, with the highest F1 of the label.

    A label of few texts gets the threshold that is best for all labels together: its own would be that of chance.

    Args:
        logits: Float `(texts, labels)`.
        labels: 0 or 1, `(texts, labels)`.

    Returns:
        Float `(labels,)`.

    Reference:
        Yang (2001), A study on thresholding strategies for text categorization (SCut with FBR).
    """
    shared = _best_threshold(logits.ravel(), labels.ravel())
    rare = labels.sum(axis=0) < FEW
    own = [shared if few else _best_threshold(*column) for few, *column in zip(rare, logits.T, labels.T)]
    return np.array(own, np.float32)


def _best_threshold(logits, truth):
    """The threshold with the best F1, in the middle between two logits; 0 if nothing is true."""
    order = np.argsort(-logits, kind="stable")
    logits, correct = logits[order].astype(np.float64), np.cumsum(truth[order])
    if not correct[-1]:
        return 0.0
    f1 = 2 * correct / (np.arange(1, len(logits) + 1) + correct[-1])
    f1[:-1][logits[:-1] == logits[1:]] = 0  # equal logits are on one side
    best = int(np.argmax(f1))
    following = logits[best + 1] if best + 1 < len(logits) else logits[best] - 2
    return (logits[best] + following) / 2


def _alternatives(logits, labels):
    """Logits and class numbers of texts; of several labels those of "yes" and "no" for each text and label."""
    if labels.ndim == 1:
        return logits, labels
    return np.stack([np.zeros(logits.size), logits.ravel()], axis=1), labels.ravel()


def _scored(logits, labels):
    if labels.ndim == 2:
        return scored(1 / (1 + np.exp(-np.clip(logits, -500, 500))), labels)
    return scored(softmax(logits), labels)
