"""Valid texts without invisible characters, inside the graph."""

import tensorflow as tf

# Characters that only say how others look: soft hyphens, variation selectors, marks of direction, word joiners,
# byte-order marks, tags. They are those of Unicode's property Default_Ignorable_Code_Point without blanks, fillers and:
JOINERS = r"\x{200C}\x{200D}"  # they distinguish words of Persian and of Indian languages, and make emoji of several
INVISIBLE = (
    r"\x{AD}\x{34F}\x{61C}\x{180B}-\x{180F}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2060}-\x{206F}\x{FE00}-\x{FE0F}\x{FEFF}"
    r"\x{FFF0}-\x{FFF8}\x{1BCA0}-\x{1BCA3}\x{1D173}-\x{1D17A}\x{E0000}-\x{E0FFF}"
)


def clean(texts: tf.Tensor, keep_joiners: bool = False) -> tf.Tensor:
    r"""Texts in valid UTF-8 without invisible characters.

    Args:
        texts: String `(n,)`. Each invalid byte becomes U+FFFD.
        keep_joiners: Whether zero-width joiners and non-joiners are kept. Default False.

    Returns:
        String `(n,)`.

    Example:

    >>> clean(tf.constant([b"co\xc2\xadoperate"])).numpy().tolist()
    [b'cooperate']
    """
    texts = tf.ensure_shape(tf.convert_to_tensor(texts, tf.string), [None])
    texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
    return tf.strings.regex_replace(texts, f"[{INVISIBLE}{'' if keep_joiners else JOINERS}]+", "")
