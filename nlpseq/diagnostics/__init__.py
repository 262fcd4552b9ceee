"""A look inside: gradients over time, gates and states, which words lead to an answer, and how far back memory goes."""

from nlpseq import lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    {
        "GradientFlow": "nlpseq.diagnostics.flow",
        "GradientMonitor": "nlpseq.diagnostics.monitor",
        "gradient_flow": "nlpseq.diagnostics.flow",
        "LayerStates": "nlpseq.diagnostics.states",
        "MemoryHorizon": "nlpseq.diagnostics.horizon",
        "Neuron": "nlpseq.diagnostics.states",
        "Saliency": "nlpseq.diagnostics.salient",
        "gates": "nlpseq.diagnostics.states",
        "gradient_flows": "nlpseq.diagnostics.flow",
        "look": "nlpseq.diagnostics.looking",
        "memory_horizon": "nlpseq.diagnostics.horizon",
        "neurons": "nlpseq.diagnostics.states",
        "plot_gates": "nlpseq.diagnostics.look_pictures",
        "plot_horizon": "nlpseq.diagnostics.look_pictures",
        "plot_saliency": "nlpseq.diagnostics.look_pictures",
        "saliency": "nlpseq.diagnostics.salient",
        "pictures": "nlpseq.diagnostics.pictures",
        "plot_gradient_flow": "nlpseq.diagnostics.pictures",
        "saturation": "nlpseq.diagnostics.saturated",
        "spectral_radius": "nlpseq.diagnostics.flow",
    },
)
