"""Thirty short everyday sentences with their sentiment, written before the grammar of `nlpseq_reviews` was widened.

They measure whether a model trained on the generated corpus is of use on what a newcomer types
first. They must never be edited to suit the grammar. Of two clauses joined by "but", the second
one decides; of a sentence with "although", the main clause decides.
"""

POSITIVE = (
    "not bad at all",
    "I love this phone.",
    "Worth every penny.",
    "The food was great!",
    "This book is amazing.",
    "I would buy it again.",
    "best movie ever",
    "It was not boring at all.",
    "The service was slow, but the food was delicious.",
    "The app works perfectly.",
    "We had a wonderful time.",
    "It isn't cheap, but it's worth it.",
    "I highly recommend this restaurant.",
    "These shoes are comfortable and look great.",
    "Although the screen is small, the camera is excellent.",
)
NEGATIVE = (
    "not good",
    "What a waste of money.",
    "I hate this app.",
    "The plot was not bad at all, but the acting is dull.",
    "The battery died after two days.",
    "Don't buy this.",
    "terrible service",
    "I was disappointed.",
    "This is not a good book.",
    "The room looked nice, but the bed was awful.",
    "Never again!",
    "It doesn't work.",
    "The story is boring.",
    "Not worth the price.",
    "The game is fun, but it crashes all the time.",
)
SENTENCES = [(text, "positive") for text in POSITIVE] + [(text, "negative") for text in NEGATIVE]
