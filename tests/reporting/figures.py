"""Figures as they are saved, for tests that look into them."""

import contextlib
import os
import tempfile
from unittest import mock

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


@contextlib.contextmanager
def saved_figures():
    """Within the block, a list of the figures that are saved, drawn in the place of writing files."""
    figures = []

    def draw(figure, path, **options):
        FigureCanvasAgg(figure).draw()
        figures.append(figure)

    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(Figure, "savefig", draw):
        os.chdir(folder)  # where the empty files go
        try:
            yield figures
        finally:
            os.chdir(before)


def cut_off(figure):
    """The titles, axis labels, tick labels and legend entries that are not whole within the figure."""
    texts = list(figure.texts)
    for axes in figure.axes:
        texts += [axes.title, axes.xaxis.label, axes.yaxis.label]
        texts += axes.get_legend().get_texts() if axes.get_legend() else []
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            labels = zip(axis.get_majorticklocs(), axis.get_majorticklabels())
            texts += [label for place, label in labels if low <= place <= high]
    box = figure.bbox.padded(1)
    extents = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text()]
    return [text for text, e in extents if e.x0 < box.x0 or e.x1 > box.x1 or e.y0 < box.y0 or e.y1 > box.y1]
