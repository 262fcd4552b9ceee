"""The command line: recipes, and the command `nlpseq`. TensorFlow loads once the arguments are known to be right."""

from nlpseq import lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    {
        "finish": "nlpseq.cli.recipe",
        "quiet_tensorflow": "nlpseq.cli.start",
        "run_recipe": "nlpseq.cli.recipe",
    },
)
