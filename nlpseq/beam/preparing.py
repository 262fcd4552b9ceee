"""The passes of `nlpseq prepare` on the workers of Beam, which need nlpseq and the folder of the result."""

from collections.abc import Callable
from typing import Any

# The package of the extra `beam` is not installed where types are checked.
# pyright: reportMissingImports=false
import apache_beam as beam

from nlpseq.beam.pipelines import keeping, pipeline_of


def by_beam(flags: list[str], output: str) -> Callable[[Callable[[Any], None], list], None]:
    """A function that calls another one for each shard, in a pipeline.

    Args:
        flags: Beam's own, such as `--runner` and `--direct_num_workers`.
        output: Folder of the result.
    """

    def run(function, shards):
        with keeping(output), pipeline_of(flags) as pipeline:
            _ = pipeline | beam.Create(shards) | beam.Reshuffle() | beam.Map(function)

    return run
