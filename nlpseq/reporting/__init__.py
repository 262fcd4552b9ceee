"""Terminal output and plots that all kinds of task share."""

from nlpseq import lazy

_MODULES = {
    "nlpseq.reporting.console": ("listed", "print_data", "print_export", "print_formats", "say"),
    "nlpseq.reporting.memory": ("peak_memory_mb",),
    "nlpseq.reporting.pictures": ("plot_confusion", "plot_training"),
    "nlpseq.reporting.waiting": ("Waiting",),
}

__getattr__, __dir__, __all__ = lazy.attach(
    __name__, {name: module for module, names in _MODULES.items() for name in names}
)
