"""Clips of pictures: films and folders of pictures."""

import numpy as np
import pytest

from nlpseq.data import load_clips
from nlpseq.errors import InputError
from nlpseq.tasks.clips.frames import Clip, ReadingOptions, fitted, resized
from nlpseq.tasks.clips.own import read


def film(path, sizes=((16, 12),) * 4, grey=True):
    """Writes a film of moving brightness, whose frames may have several sizes."""
    av = pytest.importorskip("av")
    pictures = [np.full((rows, columns, 3), 40 * number + 20, np.uint8) for number, (columns, rows) in enumerate(sizes)]
    if not grey:
        pictures = [picture * np.array([1, 0, 1], np.uint8) for picture in pictures]
    with av.open(str(path), "w", format=path.suffix[1:]) as container:
        codec, kind = {"gif": ("gif", "rgb8"), "mp4": ("mpeg4", "yuv420p")}[path.suffix[1:]]
        stream = container.add_stream(codec, rate=5)
        stream.width, stream.height, stream.pix_fmt = *sizes[0], kind
        for picture in pictures:
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


@pytest.mark.parametrize("suffix", ["gif", "mp4"])
def test_folders_of_films_by_class(tmp_path, suffix, capsys):
    for name, columns in {"up/1": 16, "up/2": 16, "down/3": 16, "down/4": 24, "down/5": 128}.items():
        path = tmp_path / f"{name}.{suffix}"
        path.parent.mkdir(exist_ok=True)
        film(path, ((columns, 16),) * 4)
    parts = read(tmp_path, ReadingOptions(stride=2))
    clips = {clip.name.rsplit("/", 1)[1][0]: clip for clip in parts["train"].clips}
    assert clips["1"].label == "up" and clips["1"].frames.shape == (2, 16, 16, 3)
    assert clips["5"].frames.shape == (2, 8, 64, 3)
    data = load_clips({"train": [(clip.frames, clip.label) for clip in clips.values()] * 8})
    assert data.train.frame[:2] == (16, 16) and "are made 16 x 16" in capsys.readouterr().out
    brightness = clips["1"].frames.mean(axis=(1, 2, 3))
    assert brightness[1] - brightness[0] == pytest.approx(80, abs=25)


def test_films_that_cannot_be_decoded_are_left_out(tmp_path):
    for name in ("up", "down"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "broken.gif").write_bytes(b"GIF89a")
    with pytest.raises(InputError, match=r"broken\.gif: it is not a film that can be decoded"):
        read(tmp_path, ReadingOptions())
    film(tmp_path / "up" / "1.gif")
    film(tmp_path / "down" / "2.gif")
    part = read(tmp_path, ReadingOptions())["train"]
    assert [clip.label for clip in part.clips] == ["down", "up"]
    assert part.notes[0].startswith("2 films are left out; the first: cannot read") and "broken.gif" in part.notes[0]


def test_folders_of_pictures_are_clips(tmp_path):
    av = pytest.importorskip("av")
    for name in ("a/1", "b/2"):
        (tmp_path / name).mkdir(parents=True)
        for number, columns in enumerate((16, 16, 20)):
            picture = av.VideoFrame.from_ndarray(np.full((12, columns, 3), 50 * number, np.uint8), format="rgb24")
            with av.open(str(tmp_path / name / f"{number}.png"), "w", format="image2") as container:
                stream = container.add_stream("png")
                stream.width, stream.height, stream.pix_fmt = columns, 12, "rgb24"
                for packet in [*stream.encode(picture), *stream.encode()]:
                    container.mux(packet)
    part = read(tmp_path, ReadingOptions())["train"]
    clips = part.clips
    assert "1 of the pictures is made 12 x 16, as the first one" in part.notes[0]
    assert [clip.label for clip in clips] == ["a", "b"] and clips[0].frames.shape == (3, 12, 16, 3)
    assert clips[0].frames[:, 0, 0, 0].tolist() == [0, 50, 100]


def test_pictures_of_another_size_or_colour_fit():
    ramp = np.tile(np.arange(8, dtype=np.uint8)[:, np.newaxis, np.newaxis] * 10, (1, 8, 1))[np.newaxis]
    small = resized(ramp, 4, 4)[0, :, 0, 0]
    np.testing.assert_allclose(small, [7, 25, 45, 63], atol=2)
    grey = fitted(Clip(np.full((2, 9, 9, 3), [0, 60, 120], np.uint8)), (8, 8, 1))
    assert grey.frames.shape == (2, 8, 8, 1) and (grey.frames == 60).all()
