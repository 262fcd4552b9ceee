"""The command line: recipes and the command `nlpseq`. TensorFlow is imported only after arguments are checked."""

from nlpseq import lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    {
        "finish": "nlpseq.cli.recipe",
        "naming_trained_model": "nlpseq.cli.recipe",
        "follow_data": "nlpseq.cli.recipe",
        "quiet_tensorflow": "nlpseq.cli.start",
        "run_recipe": "nlpseq.cli.recipe",
        "begin": "nlpseq.cli.recipe",
    },
)
