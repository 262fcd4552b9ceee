"""How gradients flow back in time, and what becomes of them in training."""

from nlpseq.diagnostics.flow import GradientFlow, gradient_flow, spectral_radius
from nlpseq.diagnostics.monitor import GradientMonitor
from nlpseq.diagnostics.saturated import saturation
from nlpseq.reporting.pictures import plot_gradient_flow

__all__ = ["GradientFlow", "GradientMonitor", "gradient_flow", "plot_gradient_flow", "saturation",
           "spectral_radius"]  # fmt: skip
