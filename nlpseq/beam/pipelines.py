"""A pipeline of Beam from its own flags."""

# The package of the extra `beam` is not installed where types are checked.
# pyright: reportMissingImports=false
import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from nlpseq.errors import InputError, shorten
from nlpseq.reporting import say


def pipeline_of(flags: list[str]) -> beam.Pipeline:
    """The pipeline; says which flags Beam does not know, since a runner may.

    Args:
        flags: Such as `--runner` and `--direct_num_workers`.

    Raises:
        InputError: Beam refuses them.
    """
    options = PipelineOptions(flags)
    try:
        pipeline = beam.Pipeline(options=options)
    except (ValueError, ImportError, AttributeError) as error:
        raise InputError(f"Beam refuses the flags {' '.join(flags)}: {shorten(error, 300).rstrip('.')}.") from None
    beam_options = options.get_all_options(drop_default=True)
    others = sorted({*options.get_all_options(drop_default=True, retain_unknown_options=True)} - {*beam_options})
    if others:
        say(f"note: Beam has no flag {', '.join(f'--{name}' for name in others)}: only the runner may read it")
    return pipeline
