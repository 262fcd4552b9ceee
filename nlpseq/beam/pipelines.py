"""A pipeline of Beam from its own flags."""

# The package of the extra `beam` is not installed where types are checked.
# pyright: reportMissingImports=false
import contextlib
from collections.abc import Iterable, Iterator

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from nlpseq import writing
from nlpseq.errors import InputError, WritingError, shorten
from nlpseq.reporting import say

OF_THE_DISK = ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EACCES", "EPERM", "EIO", "ESTALE")  # no reasons of a reader


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


@contextlib.contextmanager
def keeping(output: str, reasons: Iterable[str] = OF_THE_DISK) -> Iterator[None]:
    """In the block an error of the disk, which Beam repeats in errors of its own, is a `WritingError`.

    Args:
        output: Folder of the results, of which those of finished shards stay.
        reasons: Names of `errno`.
    """
    try:
        yield
    except (InputError, WritingError):
        raise
    except Exception as error:
        reason = writing.reason_within(error, reasons)
        if reason is None:
            raise
        raise WritingError(
            f"cannot write to {output}: {reason}; what is finished stays: the same command continues."
        ) from error
