"""The command `nlpseq prepare`: what it reads, and its errors."""

import json

import pytest

from nlpseq.data import load_prepared_texts
from tests.cli.helpers import run


def test_a_table_is_prepared(tmp_path, capsys):
    rows = [{"text": f"word {number % 7}", "stars": number % 2} for number in range(80)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"stars": 1}]))
    flags = ["--input", tmp_path / "*.jsonl", "--output", tmp_path / "out", "--held-out", "0.2", "--no-lowercase"]
    assert run("prepare", "classification", *flags) == 2  # which the next command mends
    assert "holds no texts that can be used (81 rows cannot)" in capsys.readouterr().err
    assert run("prepare", "classification", *flags, "--label", "stars") == 0
    shown = capsys.readouterr().out.replace("\n", "")
    assert "1 row left out" in shown and f"prepared in {tmp_path / 'out'}" in shown
    for damage in (lambda plan: plan.write_bytes(b"\xff"), lambda plan: plan.unlink()):
        damage(tmp_path / "out" / "plan.json")
        assert run("prepare", "classification", *flags, "--label", "stars") == 2
        error = capsys.readouterr().err
        assert "or is damaged: remove it, or choose another --output" in error and error.count("\n") == 1
    data = load_prepared_texts(tmp_path / "out")
    assert data.labels == ("0", "1") and not data.preprocessor.tokenizer.lowercase


@pytest.mark.parametrize("flags, expected", [
    (["prose"], "expected a kind of task after `nlpseq prepare`, got 'prose'"),
    (["translation", "--input", "x"], "give --input, the files of the corpus, and --output, a folder"),
    (["tagging", "--input", "{tmp}/none-*", "--output", "{tmp}/out"], "no file matches --input {tmp}/none-*"),
    (["tagging", "--input", "a", "--output", "b", "--lengthy", "3"], "unknown flag --lengthy"),
    (["classification", "--input", "{tmp}/rows.bin", "--output", "{tmp}/out"], "give --input-format"),
    (["language_model", "--input", "{tmp}/rows.csv", "--output", "{tmp}/out"], "rows.csv is not a file of text"),
    (["translation", "--input", "{tmp}/rows.csv", "--output", "{tmp}/out", "--target-input", "{tmp}/no"],
     "--input matches 1 file and --target-input 0"),
])  # fmt: skip
def test_bad_input(tmp_path, capsys, flags, expected):
    """One sentence, and nothing written."""
    for name in ("rows.bin", "rows.csv"):
        (tmp_path / name).write_text("a,b,c\n1,2,3\n")
    assert run("prepare", *(flag.replace("{tmp}", str(tmp_path)) for flag in flags)) == 2
    error = capsys.readouterr().err
    assert expected.replace("{tmp}", str(tmp_path)) in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_help_says_which_defaults_follow_the_data(capsys):
    assert run("prepare", "translation", "--help") == 0
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "Kind of tokens. (default: auto)" in shown and "--target-input" in shown
