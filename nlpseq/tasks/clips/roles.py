"""Which columns of a table of clips are meant: given by the user, or known by their usual names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nlpseq.data.files import table as tables
from nlpseq.data.files.columns import Role, find_columns, the_only, with_names
from nlpseq.data.files.numbers import as_numbers
from nlpseq.data.files.table import Table, normal
from nlpseq.data.series.times import looks_like_times
from nlpseq.tasks.clips.frames import ReadingOptions

LABEL = Role("label", (
    "label", "labels", "class", "class name", "activity", "activity name", "activity label", "gesture", "action",
    "target", "digit", "category", "letter", "character", "word", "sign", "movement", "motion", "exercise", "emotion",
    "speaker", "surface", "event", "phase", "behaviour", "behavior", "output",
))  # fmt: skip
SEQUENCE = Role("sequence", (
    "sequence", "seq", "series", "clip", "window", "segment", "trial", "recording", "session", "video", "file",
    "filename", "file name", "gesture id", "motion id", "track", "drawing", "episode", "skeleton", "experiment",
    "repetition", "rep", "take", "run", "case", "instance", "example", "sample", "id",
))  # fmt: skip
TIME = Role("time", (
    "time", "timestamp", "time stamp", "datetime", "date time", "time step", "timestep", "t", "frame", "step", "tick",
    "measurement number", "sample number", "sample no", "sample index", "time s", "time ms", "elapsed", "elapsed time",
    "seconds elapsed", "seconds", "ms", "index", "dim time",
))  # fmt: skip
# Who made a sequence is part of its name, and neither a channel nor a label.
OWNERS = ("subject", "user", "person", "participant", "writer", "speaker id", "actor")
NOT_CHANNELS = (*OWNERS, "row id", "row", "unnamed: 0", "unnamed 0", "", *tables.SPLIT_COLUMNS)
ROLES = (SEQUENCE, TIME, LABEL)
KNOWN = {*NOT_CHANNELS, *(word for role in ROLES for word in role.usual)}
NUMBERED = re.compile(r" ?(\(.*\)|\[.*\]|id|no|nr|num|number|idx|index)$")  # ends of "frame_no", "trialId", "Time (s)"

LEAST_COUNT = 4  # cells 0, 1, 2, ... of a first row that are names of columns
CHANNEL = re.compile(r"(ch|chan|channel|e[mec]g|sensor|electrode|lead|flex|imu)[ _-]?\d+$", re.IGNORECASE)


@dataclass(frozen=True)
class Columns:
    """Names of the columns of a table by what they hold.

    Attributes:
        sequence: Those that tell which rows are one sequence; of usual names all that there are.
        owners: Those that tell who made a sequence.
        time, label: None if there are none.
    """

    sequence: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    time: str | None = None
    label: str | None = None

    @property
    def all(self) -> set[str | None]:
        """The columns that are no channels."""
        return {*self.sequence, *self.owners, self.time, self.label}


def usual_word(name: str) -> str:
    """A name as the roles have it: without case, marks between words, and a unit or "number" at its end.

    >>> usual_word("frame_no"), usual_word("TrialId"), usual_word("Time (s)"), usual_word("speaker_id")
    ('frame', 'trial', 'time', 'speaker id')
    """
    word = normal(name)
    short = NUMBERED.sub("", word)
    return short if word not in KNOWN and short in KNOWN else word


def is_channel(table: Table, name: str) -> bool:
    """Whether a column may be a channel by its name."""
    return table.header is False or usual_word(name) not in NOT_CHANNELS


def find_roles(table: Table, options: ReadingOptions, channels: Sequence[str] | None = None) -> tuple[Table, Columns]:
    """The table with its header, and the columns of each role that there are.

    Args:
        table: The table.
        options: Columns that the user named.
        channels: Names of the channels of the training data.

    Raises:
        InputError: a column that the user named is missing.
    """
    table = _with_header(table, options, channels)
    sequence = [_column_of(table, SEQUENCE, name) for name in str(options.sequence or "").split(",") if name]
    roles = {role: _column_of(table, role, name) for role in (TIME, LABEL) if (name := getattr(options, role.argument))}
    names = list(reversed(table.names)) if table.header else []
    words = {usual_word(name): name for name in names} | {normal(name): name for name in names}
    owners = tuple(words[word] for word in OWNERS if word in words and words[word] not in (*sequence, *roles.values()))
    sequence = sequence or [
        words[word] for word in SEQUENCE.usual if word in words and words[word] not in roles.values()
    ]
    for name in sequence if not options.sequence else ():
        the_only(table, name, SEQUENCE.argument)
    for role in (TIME, LABEL):
        free = {word: name for word, name in words.items() if name not in (*sequence, *owners, *roles.values())}
        column = next((free[word] for word in role.usual if word in free), None)
        if column is not None and role not in roles:
            roles[role] = the_only(table, column, role.argument)
    if TIME not in roles and not has_numbered(table):
        free = (name for name in table.names if name not in (*sequence, *owners, *roles.values()))
        if dated := next((name for name in free if looks_like_times(table.values(name))), None):
            roles[TIME] = dated
    return table, Columns(tuple(sequence), owners, roles.get(TIME), roles.get(LABEL))


def _with_header(table, options, channels):
    """The table with its header, which a usual name shows, or that of a column that the user or the model has."""
    arguments = {role.argument: getattr(options, role.argument) for role in ROLES}
    arguments["sequence"] = str(arguments["sequence"] or "").split(",")[0]
    usual = {*OWNERS, *(word for role in ROLES for word in role.usual)}
    cells = [str(table.column(index)[0]).strip() for index in range(len(table.names))] if len(table) else []
    normals = {normal(name) for name in channels or () if not name.isdigit()}
    if table.header is None and _are_numbers(cells) and (normals or not _count(cells)):
        return replace(table, header=False)
    shown = tuple(normal(cell) for cell in cells if usual_word(cell) in usual or normal(cell) in normals)
    if table.header is None and len(cells) >= LEAST_COUNT and not normals and _count(cells):
        return table.with_header()
    return with_names(table, [*ROLES, Role("channels", shown)], arguments)


def _are_numbers(cells):
    numbers, bad = as_numbers(cells)
    return bool(cells) and not len(bad) and not np.isnan(numbers).any()


def _count(cells):
    """Whether cells are 0, 1, 2 or 1, 2, 3, as pandas names columns without names."""
    return as_numbers(cells)[0].tolist() in (list(range(len(cells))), list(range(1, len(cells) + 1)))


def _column_of(table, role, name):
    return find_columns(table, [role], {role.argument: name})[1][role.argument]


def has_numbered(table: Table) -> bool:
    """Whether most columns are numbered, as the steps of sequences that are rows: t0, t1, t2; and not channels."""
    names = [name.strip() for name in table.names] if table.header else []
    return 2 * sum(name[-1:].isdigit() and not CHANNEL.search(name) for name in names) > len(table.names)
