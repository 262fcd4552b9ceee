"""The command line: recipes and the command `nlpseq`. TensorFlow is imported only after arguments are checked."""

from nlpseq import lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    {
        "finish": "nlpseq.cli.steps",
        "naming_trained_model": "nlpseq.cli.steps",
        "follow_data": "nlpseq.cli.steps",
        "quiet_tensorflow": "nlpseq.cli.start",
        "run_recipe": "nlpseq.cli.recipe",
        "begin": "nlpseq.cli.steps",
    },
)
