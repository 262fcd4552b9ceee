"""Files that are written completely or not at all, and a full disk, wherever something is written."""

import contextlib
import os
import resource

import pytest

from nlpseq import serving, training, writing
from nlpseq.cli.guard import guarded
from nlpseq.errors import WritingError
from nlpseq.reporting.pictures import new_figure, save_figure
from nlpseq.serving.metadata import write_json
from nlpseq.training.settings import TrainingSettings
from tests.tasks.tiny import METRICS, dataset
from tests.toy_kind.model import SeriesForecaster
from tests.training.test_resume import RandomTask, examples

pytestmark = pytest.mark.usefixtures("portable")


@contextlib.contextmanager
def files_up_to(size):
    """No file grows beyond `size` bytes, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def toy(folder, **options):
    task = SeriesForecaster(units=2)
    return serving.export(task, folder, **{"data": dataset(), "settings": {}, "metrics": METRICS, **options})


@pytest.mark.parametrize("size", [0, 600, 4000, *(pytest.param(size, marks=pytest.mark.slow) for size in (100, 1500))])
def test_an_export_on_a_full_disk(tmp_path, size):
    def draw(folder):
        save_figure(new_figure(4, 4), folder / "picture.png")

    with files_up_to(size), pytest.raises(WritingError, match="^cannot write the export to .*: file too large.$"):
        toy(tmp_path, draw=draw)
    assert not list(tmp_path.iterdir())
    assert toy(tmp_path, draw=draw).name == "1"


@pytest.mark.parametrize("write", [
    lambda path: writing.write_text(path, "long" * 100), lambda path: write_json(path, ["long"] * 100),
    lambda path: save_figure(new_figure(4, 4), path),
])  # fmt: skip
def test_a_file_has_its_old_content_or_the_new(tmp_path, write):
    path = tmp_path / "file.png"
    path.write_text("old")
    with files_up_to(50), pytest.raises(OSError) as error:
        write(path)
    assert error.value.filename == str(path)
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1
    write(path)
    assert path.stat().st_size > 50 and len(list(tmp_path.iterdir())) == 1


def train(folder, **options):
    training.set_seed(1)
    task = RandomTask()
    settings = TrainingSettings(batch_size=8, epochs=3)
    checkpoints = training.Checkpoints(folder, minutes=0, **options)
    training.train(task, examples(), examples(1), settings, checkpoints)
    return task, checkpoints


def test_a_training_whose_checkpoints_do_not_fit_goes_on(tmp_path, capsys):
    expected, _ = train(tmp_path / "a")
    with files_up_to(500):
        task, _ = train(tmp_path / "b")
    assert all((one == other).all() for one, other in zip(task.get_weights(), expected.get_weights()))
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("cannot write a checkpoint to") and line.endswith("training continues without it")


def test_a_folder_of_checkpoints_that_vanishes(tmp_path):
    folder = tmp_path / "run"
    _, checkpoints = train(folder)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    checkpoints.finish()
    assert (folder / "trained").is_file()


def test_standard_output_on_a_full_disk(capfd):
    process = os.fork()
    if not process:
        full = open("/dev/full", "w")  # noqa: SIM115
        os._exit(guarded(lambda: print("x", file=full, flush=True)))
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 1
    assert capfd.readouterr().err == "stopped: cannot write the output: no space left on device.\n"
