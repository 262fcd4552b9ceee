"""Small sounds in files, and folders of them with their texts."""

import numpy as np
import soundfile

RATE = 1000


def tone(path, seconds=0.1, rate=RATE, subtype="PCM_16", channels=1, level=0.5):
    path.parent.mkdir(parents=True, exist_ok=True)
    signal = level * np.sin(2 * np.pi * 100 * np.arange(int(seconds * rate)) / rate)
    soundfile.write(path, np.stack([signal] * channels, axis=1), rate, subtype)
    return path


def kaldi(folder):
    for number in range(4):
        tone(folder / f"{number}.flac", 2.0)
    (folder / "wav.scp").write_text("".join(f"r{i} {i}.flac\n" for i in range(4)))
    segments = [(i, j) for i in range(4) for j in range(5)]
    (folder / "segments").write_text("".join(f"u{i}{j} r{i} {j / 10} {j / 10 + 0.1:.1f}\n" for i, j in segments))
    (folder / "text").write_text("".join(f"u{i}{j} {'abcd'[i]} one\n" for i, j in segments))
    (folder / "utt2spk").write_text("".join(f"u{i}{j} speaker{i}\n" for i, j in segments))


def beside(folder):
    for number in range(20):
        tone(folder / f"{number}.wav").with_suffix(".txt").write_text(f"{'abcd'[number % 4]} one\n")


def names(folder):
    for number in range(20):
        tone(folder / f"{'abcd'[number % 4]} one_ann{number % 3}_{number}.wav")
