"""The words of the embedded corpus of reviews: topics, adjectives and phrases by polarity."""

from dataclasses import dataclass


def _words(text):
    return tuple(text.split())


# Adjectives of things of any topic.
GOOD = _words(
    """good good great great excellent amazing wonderful fantastic brilliant superb lovely nice awesome perfect
    impressive outstanding beautiful pleasant"""
)
BAD = _words(
    """bad bad terrible terrible awful awful horrible poor disappointing dreadful useless mediocre ugly weak lousy
    annoying unpleasant pathetic"""
)


@dataclass(frozen=True)
class Topic:
    """What a review is about, with the words that fit it.

    Attributes:
        things: singular nouns.
        plurals: plural nouns.
        good, bad: adjectives.
        praise, blame: predicates `(singular, plural)`, such as ("works fine", "work fine").
        goods: whether the things can be bought one by one.
    """

    things: tuple
    plurals: tuple
    good: tuple
    bad: tuple
    praise: tuple
    blame: tuple
    goods: bool


def _topic(things, plurals, good, bad, praise, blame, goods=True):
    nouns_and_adjectives = map(_words, (things, plurals, good, bad))
    return Topic(*nouns_and_adjectives, _predicates(praise), _predicates(blame), goods)


def _predicates(text):
    """Predicates split at semicolons; of a verb written "works/work" both forms."""
    pairs = []
    for phrase in " ".join(text.split()).split("; "):
        singular = " ".join(word.partition("/")[0] for word in phrase.split())
        plural = " ".join(word.partition("/")[2] or word for word in phrase.split())
        pairs.append((singular, plural))
    return tuple(pairs)


TOPICS = [
    _topic(
        "book novel film movie story plot script ending show series episode acting dialogue music soundtrack",
        "songs actors characters jokes",
        "funny exciting clever gripping touching charming enjoyable memorable entertaining fascinating",
        "boring boring dull dull predictable confusing tedious slow shallow forgettable silly bland",
        "made me laugh; made me smile; kept me hooked; surprised me in the best way; never gets/get old",
        "put me to sleep; made me yawn; made no sense; went nowhere; let me down; lost me halfway",
    ),
    _topic(
        "food meal pizza soup coffee breakfast dinner lunch dessert cake burger sauce bread",
        "noodles fries desserts sandwiches",
        "delicious delicious tasty tasty fresh yummy",
        "cold bland stale salty greasy tasteless soggy disgusting overcooked",
        "tasted great; tasted wonderful; melts/melt in the mouth; made me want more; smelled lovely",
        "tasted awful; tasted of nothing; made me sick; smelled bad; went straight in the bin",
    ),
    _topic(
        "phone camera screen battery keyboard laptop speaker charger tablet watch printer lamp",
        "headphones buttons earphones batteries",
        "fast reliable sturdy bright handy useful",
        "slow small unreliable flimsy broken faulty noisy heavy",
        """works/work perfectly; works/work great; works/work well; lasts/last all day; lasts/last for weeks;
        never fails/fail; still works/work after a year; does/do the job""",
        """broke after a week; broke after two months; died after a day; died after an hour; stopped working;
        doesn't/don't work; does/do not work; never works/work; hardly works/work; fell apart; gets/get too hot;
        stopped working after a few days""",
    ),
    _topic(
        "app game website update menu program design tutorial",
        "controls graphics levels puzzles",
        "fun fun smooth simple intuitive helpful addictive",
        "buggy slow clumsy confusing repetitive laggy unfair",
        "works/work perfectly; works/work well; runs/run smoothly; never crashes/crash; saves/save me a lot of time",
        """crashes/crash all day; crashes/crash every time; keeps/keep crashing; crashed twice;
        freezes/freeze all the time;
        doesn't/don't work; never works/work; drives/drive me mad; wastes/waste my time""",
    ),
    _topic(
        "hotel room bed bathroom view pool location restaurant kitchen garden",
        "rooms beds towels views",
        "clean comfortable quiet cosy spacious warm",
        "dirty noisy small smelly uncomfortable cramped cold",
        "made us feel at home; exceeded our expectations; was/were all we hoped for; looked better than in the photos",
        "needs/need a good clean; ruined our holiday; smelled of smoke; kept us awake; looked nothing like the photos",
        goods=False,
    ),
    _topic(
        "service staff waiter delivery support driver shop seller",
        "waiters nurses teachers guides",
        "friendly helpful polite quick kind professional",
        "rude slow unhelpful late careless impolite",
        "made our day; went out of the way to help; solved my problem at once; answered all our questions",
        "ignored us; kept us waiting; never answered; got everything wrong; lost my order",
        goods=False,
    ),
    _topic(
        "jacket dress shirt sweater bag coat sofa chair pillow",
        "shoes boots jeans socks gloves trousers",
        "comfortable warm stylish soft light elegant",
        "uncomfortable tight itchy thin stiff heavy",
        "fits/fit perfectly; fits/fit well; looks/look great; looks/look lovely; feels/feel soft; keeps/keep me warm",
        "doesn't/don't fit; fell apart; shrank in the wash; looks/look cheap; hurts/hurt; fell to pieces",
    ),
]

PRICES = {
    True: ["it is cheap", "it's cheap", "the price is fair", "the price is low", "it costs very little"],
    False: [
        "it is not cheap", "it's not cheap", "it isn't cheap", "the price is high", "it is expensive",
        "it costs too much", "it's too expensive",
    ],
}  # fmt: skip

# Of a speaker and an object: "i" or "we", then these, then "this phone".
LIKING = {
    True: [
        "love", "love", "like", "adore", "enjoy", "enjoyed", "loved", "liked", "really like", "recommend",
        "would recommend", "can recommend", "totally recommend", "highly recommend", "do not regret", "can't fault",
    ],
    False: [
        "hate", "hate", "hated", "dislike", "disliked", "regret", "regretted", "can't stand", "can't recommend",
        "don't like", "don't like", "didn't like", "didn't enjoy", "do not recommend", "would not recommend",
        "wouldn't recommend", "never liked", "returned",
    ],
}  # fmt: skip
MOODS = {
    True: _words("happy glad pleased satisfied delighted impressed thrilled amazed surprised"),
    False: _words("unhappy sad angry annoyed dissatisfied disappointed disappointed bored shocked"),
}
OCCASIONS = _words("time time evening day week stay trip experience weekend")
WORTHS = [
    "it",
    "it",
    "the money",
    "the wait",
    "the trip",
    "every cent",
    "every minute",
    "your time",
    "the effort",
    "a look",
]
PRAISE = ["worth", "well worth", "really worth", "totally worth", "absolutely worth", "certainly worth"]
BLAME = ["not worth", "not worth", "never worth", "hardly worth", "definitely not worth", "not really worth"]
WASTES = ["a waste of money", "a waste of time", "a complete waste of time", "a total waste", "such a waste of time"]
GAINS = ["money well spent", "time well spent", "a good deal", "a real bargain", "a real treat"]
# What the speaker will do, or tells others to do.
PLANS = {
    True: [
        "will buy", "would buy", "will order", "would order", "would happily buy", "will definitely use", "would use",
        "can't wait to use", "can't wait to buy",
    ],
    False: [
        "will not buy", "won't buy", "would not buy", "wouldn't buy", "will never buy", "will never order",
        "would never use", "won't order", "will not use",
    ],
}  # fmt: skip
RETURNS = {
    True: ["will be back", "will come back", "would come back", "can't wait to come back", "will definitely return"],
    False: [
        "won't be back", "will not be back", "won't come back", "will never come back", "would not return",
        "want my money back",
    ],
}  # fmt: skip
ADVICE = {
    True: ["buy", "get", "try", "don't miss", "go and get", "you should try", "you need to buy", "do buy"],
    False: [
        "avoid", "skip", "never buy", "don't get", "do not buy", "don't try", "don't waste your money on",
        "stay away from", "you should avoid", "please don't buy", "don't buy", "don't order",
    ],
}  # fmt: skip
EXCLAMATIONS = {
    True: [
        "highly recommended", "simply the best", "loved it", "love it", "thumbs up", "five stars", "no regrets",
        "no complaints",
    ],
    False: [
        "not recommended", "not again", "never ever", "simply the worst", "hated it", "hate it", "thumbs down",
        "one star", "no thanks", "never ever again", "no , never again", "once and never again", "big mistake",
    ],
}  # fmt: skip

DEGREES = _words("very very really really so quite truly absolutely pretty extremely rather")
DENIALS = [
    "not",
    "not",
    "not very",
    "not really",
    "not so",
    "far from",
    "anything but",
    "by no means",
    "hardly",
    "never",
]
EMPHASES = ["", "", "at all", "at all"]
OPENINGS = [
    "honestly ,", "in short ,", "to be fair ,", "for the price ,", "on the whole ,", "after a week ,", "i must say ,",
    "overall ,", "well ,", "for me ,", "so far ,", "as a gift ,",
]  # fmt: skip
CLOSINGS = ["in my opinion", "this time", "if you ask me", "for us", "to me", "so far", "again", "for the price"]
MARKS = [".", ".", ".", ".", "!", "!", "", ""]
# The verdict stands at {v}; {o} is the other clause, which is conceded.
CONTRASTS = [
    "{o} , but {v}",
    "{o} , but {v}",
    "{o} , but {v}",
    "{o} but {v}",
    "{v} , although {o}",
    "although {o} , {v}",
    "although {o} , {v}",
    "{o} , yet {v}",
    "{v} , even though {o}",
    "even though {o} , {v}",
    "while {o} , {v}",
    "{o} . still , {v}",
    "{v} , though {o}",
    "{v} , despite the fact that {o}",
    "{o} . however , {v}",
    "i thought that {o} , but {v}",
    "people say that {o} , but {v}",
]
JOINTS = ["{v} and {o}", "{o} and {v}", "{v} , and {o}", "{v} . {o}"]
REACHES = ["it is not true that", "i would not say that", "nobody can claim that", "i don't think that"]
