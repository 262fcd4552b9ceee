"""Gradients of recurrent layers over time: their flow, spectral radii, saturation, and figures during training."""

from nlpseq import lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    {
        "GradientFlow": "nlpseq.diagnostics.flow",
        "GradientMonitor": "nlpseq.diagnostics.monitor",
        "gradient_flow": "nlpseq.diagnostics.flow",
        "pictures": "nlpseq.diagnostics.pictures",
        "plot_gradient_flow": "nlpseq.diagnostics.pictures",
        "saturation": "nlpseq.diagnostics.saturated",
        "spectral_radius": "nlpseq.diagnostics.flow",
    },
)
