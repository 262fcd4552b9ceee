"""The command `nlpseq`: answers of exports, their description, recipes by name."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nlpseq.cli import recipe, train
from nlpseq.cli.guard import with_flags
from nlpseq.cli.start import stderr_held_back
from nlpseq.tasks.answers import Answers
from tests.cli.helpers import run
from tests.tasks.tiny import exported

pytestmark = pytest.mark.usefixtures("portable")


@pytest.fixture(scope="module")
def path():
    return exported("classification")[1].parent


def test_predict_texts(path, capsys):
    assert run("predict", path, "a good film", "dull") == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [row[2] for row in rows] == ["a good film", "dull"]
    assert all(row[0] in ("no", "yes", "maybe") and 1 / 3 <= float(row[1]) <= 1 for row in rows)


def test_predict_lines_of_standard_input_as_json(path, capsys, monkeypatch):
    lines = "a good film\n\nnot bad 😀\n".encode() + b"\xff bad bytes"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    assert run("predict", path, "--json") == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["text"] for answer in answers] == ["a good film", "", "not bad 😀", "\ufffd bad bytes"]
    for answer in answers:
        assert answer["label"] == max(answer["scores"], key=answer["scores"].get)


def test_predict_vectors(path, capsys):
    task, _ = exported("classification")
    assert run("predict", path, "a good film", "--embed") == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == ["text", "embedding"]
    assert answer["embedding"] == pytest.approx(task.embed_text("a good film")[0].tolist(), abs=1e-5)


def test_texts_may_follow_an_option(path, capsys):
    assert run("predict", path, "--json", "a good film", "dull") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["a good film", "dull"]
    assert run("predict", path, "--jsn", "a good film") == 2
    assert "--jsn" in capsys.readouterr().err
    assert run("predict") == 2
    assert "the following arguments are required: export;" in capsys.readouterr().err


@pytest.mark.parametrize("flags, name", [
    (["--greedy"], "greedy"), (["--score"], "score"), (["--one-line"], "one-line"), (["--top-k", "3"], "top-k"),
])  # fmt: skip
def test_options_of_another_kind_are_refused(path, capsys, flags, name):
    assert run("predict", path, "a film", *flags) == 2
    error = capsys.readouterr().err
    assert f"--{name} is an option for exports of the kind language_model" in error and error.count("\n") == 1


@pytest.mark.slow
@pytest.mark.usefixtures("eager")
def test_a_translator_says_what_was_truncated(capsys):
    task, path = exported("translation")
    assert run("predict", path, "a b c", "a" * 10_000) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0] == task.predict_text("a b c")["translation"][0]
    assert "only the first 11 tokens" in captured.err


def test_show(path, capsys):
    assert run("show", path) == 0
    shown = capsys.readouterr().out
    for part in ("serving_default", "text: string", "accuracy", "0.2500", "some_set", "settings.units"):
        assert part in shown


@pytest.mark.parametrize("command", ["predict", "show"])
def test_path_that_is_no_export(command, tmp_path, capsys):
    assert run(command, tmp_path) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and "Traceback" not in error


def test_unknown_command_and_flag(capsys):
    assert run("predikt") == 2
    assert run("predict", "x", "--jsn") == 2
    assert "--jsn" in capsys.readouterr().err


def test_train_lists_the_recipes(capsys):
    assert run("train", "--help") == 0
    shown = capsys.readouterr().out
    for name in ("sentiment", "tagging", "translation", "language_model", "memory"):
        assert f"\n  {name} " in shown
    for line in shown.splitlines()[2:]:  # a name, and the first line of the docstring
        assert len(line.split()) > 3 and line.endswith((".", "?"))
    assert run("train") == 2
    assert "expected the name of a recipe after" in capsys.readouterr().err


def test_train_runs_the_recipe_with_its_flags(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["nlpseq"])
    monkeypatch.setattr(recipe, "program", None)
    assert run("train", "sentiment", "--help") == 0
    shown = capsys.readouterr().out
    assert "usage: nlpseq train sentiment" in shown and "--pooling" in shown
    assert run("train", "sentiment", "--units", "0") == 2
    assert capsys.readouterr().err == "error: --units must be at least 1, got 0.\n"


def test_train_with_an_unknown_recipe(capsys):
    assert run("train", "sentimental") == 2
    assert capsys.readouterr().err == "error: unknown recipe 'sentimental': did you mean sentiment?\n"


def test_train_without_recipes(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(train, "FOLDERS", (tmp_path / "a", tmp_path / "b"))
    assert run("train") == 2
    assert "install nlpseq again" in capsys.readouterr().err


@pytest.mark.parametrize("sentence, expected", [
    ("`learning_rate` must be 1", "--learning-rate must be 1"),
    ("`output` of `train`", "--output of `train`"),
    ("units", "units"),
])  # fmt: skip
def test_arguments_are_written_as_flags(sentence, expected):
    assert with_flags(sentence, {"learning_rate", "units", "output"}) == expected


def test_what_was_held_back_is_shown_when_the_import_fails(capfd):
    with pytest.raises(RuntimeError), stderr_held_back():
        print("the reason", file=sys.stderr, flush=True)
        subprocess.run(["sh", "-c", "echo from below >&2"], check=True)
        raise RuntimeError
    assert "from below" in capfd.readouterr().err


ROWS = [("1", "a good film", "no"), ("2", 'dull, "so" dull', ""), ("3", "two\nlines", "yes")] * 30


def write_rows(folder):
    with open(folder / "in.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("id", "Review", "label"), *ROWS])
    return folder / "in.csv"


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl"])
def test_predict_a_file_keeps_its_columns(path, tmp_path, suffix):
    output = tmp_path / f"out.{suffix}"
    assert run("predict", path, "--file", write_rows(tmp_path), "--output", output) == 0
    with open(output, newline="", encoding="utf-8") as file:
        rows = list(
            map(json.loads, file) if suffix == "jsonl" else csv.DictReader(file, delimiter=",\t"[suffix == "tsv"])
        )
    assert [row["id"] for row in rows] == [row[0] for row in ROWS]
    assert [row["label"] for row in rows] == [row[2] for row in ROWS]
    assert suffix == "tsv" or [row["Review"] for row in rows] == [row[1] for row in ROWS]
    for row in rows:
        scores = (
            row["scores"]
            if suffix == "jsonl"
            else {name: float(row[f"scores.{name}"]) for name in ("no", "yes", "maybe")}
        )
        assert row["predicted_label"] == max(scores, key=scores.get)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["in.csv", output.name]


def test_texts_with_other_ends_of_lines_have_one_answer(tmp_path):
    """Those of `str.splitlines` that JSON does not escape, as a language model repeats its prompt."""
    prompts = ["the\u2028cat", "a\x85mat", "sat\u2029on"]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in prompts))
    export = exported("language_model")[1]
    flags = ["--file", tmp_path / "a.jsonl", "--output", tmp_path / "b.jsonl", "--length", "1"]
    assert run("predict", export, *flags) == 0
    rows = [json.loads(line) for line in (tmp_path / "b.jsonl").read_text().split("\n") if line]
    assert [row["text"] for row in rows] == prompts


def test_texts_of_several_columns_are_joined_as_in_training(path, tmp_path):
    (tmp_path / "a.csv").write_text("Title,Description\ngood,\nbad,film no. 2\n")
    (tmp_path / "whole.csv").write_text('text\ngood\n"bad\n\nfilm no. 2"\n')
    answers = []
    for name, flags in (("whole", []), ("a", []), ("a", ["--column", "title,2"])):
        output = tmp_path / f"out{len(answers)}.jsonl"
        assert run("predict", path, "--file", tmp_path / f"{name}.csv", "--output", output, *flags) == 0
        answers.append([json.loads(line)["scores"] for line in output.read_text().splitlines()])
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("content", ["id,headline\n7,good no. 1\n", "7,good no. 1\n8,bad no. 2\n"])
def test_the_column_of_texts_is_found(path, tmp_path, content):
    (tmp_path / "a.csv").write_text(content)
    assert run("predict", path, "--file", tmp_path / "a.csv", "--output", tmp_path / "b.jsonl") == 0
    whole, output = tmp_path / "whole.jsonl", tmp_path / "b.jsonl"
    assert run("predict", path, "--file", tmp_path / "a.csv", "--column", "2", "--output", whole) == 0
    assert output.read_bytes() == whole.read_bytes()


def test_an_interrupted_file_is_continued(path, tmp_path, monkeypatch):
    whole, output = tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    flags = ["predict", path, "--file", write_rows(tmp_path), "--column", "2", "--output"]
    assert run(*flags, whole) == 0
    answered, respond = [], Answers.respond

    def stop_in_the_second_batch(self, export, batches, *rest, **options):
        answered.extend(batches)
        if len(answered) == 2:
            raise KeyboardInterrupt
        respond(self, export, batches, *rest, **options)

    monkeypatch.setattr(Answers, "respond", stop_in_the_second_batch)
    assert run(*flags, output) == 130 and not output.exists()
    with open(f"{output}.unfinished", "ab") as file:
        file.write(b'{"cut')
    assert run(*flags, output) == 0
    assert output.read_bytes() == whole.read_bytes() and answered[1] == answered[2]
    assert not Path(f"{output}.unfinished").exists()


@pytest.mark.parametrize("flags, expected", [
    (["--file", "{tmp}/in.csv"], "--file and --output must be given together"),
    (["--file", "{tmp}/in.csv", "--output", "{tmp}/in.csv"], "exists: remove it"),
    (["--file", "{tmp}/in.csv", "--output", "{tmp}/out.txt"], "--output must end in .csv, .tsv, .jsonl"),
    (["--file", "{tmp}/in.csv", "--output", "{tmp}/no/out.csv"], "does not exist: make it first"),
    (["--file", "{tmp}/no.csv", "--output", "{tmp}/out.csv"], "no such file"),
    (["--file", "{tmp}/in.csv", "--output", "{tmp}/out.csv", "--column", "txt"], "no column 'txt'"),
    (["text", "--file", "{tmp}/in.csv", "--output", "{tmp}/out.csv"], "--file replaces texts"),
    (["--file", "{tmp}/in.csv", "--output", "{tmp}/out.csv", "--encoding", "utf-7-bit"], "unknown --encoding"),
    (["--file", "{tmp}/in.csv", "--output", "{tmp}/out.csv", "--delimiter", ",,"], "--delimiter must be one character"),
    (["--file", "{tmp}/in.jsonl", "--output", "{tmp}/out.csv", "--column", "tokens"], "'tokens': expected a text"),
    (["--encoding", "latin-1"], "--file and --output must be given together"),
])  # fmt: skip
def test_bad_files_to_predict(path, tmp_path, capsys, flags, expected):
    write_rows(tmp_path)
    (tmp_path / "in.jsonl").write_text('{"tokens": ["a", "film"]}\n')
    assert run("predict", path, *(flag.replace("{tmp}", str(tmp_path)) for flag in flags)) == 2
    error = capsys.readouterr().err
    assert expected in error and error.count("\n") == 1
    assert sorted(item.name for item in tmp_path.iterdir()) == ["in.csv", "in.jsonl"]


@pytest.mark.parametrize("content, flags, expected, said", [
    ("id,Review\n", [], b"id,Review\n", ""),
    ("id;Review\n1;caf\xe9, dull\n", ["--encoding", "latin-1", "--delimiter", ";"], b"id,Review,label", ""),
    ("text,text\na,b\n", ["--column", "1"], b"text,text (2),label", "note: {file} has several columns of"),
])  # fmt: skip
def test_odd_files_to_predict(path, tmp_path, capsys, content, flags, expected, said):
    (tmp_path / "in.csv").write_bytes(content.encode("latin-1"))
    output = tmp_path / "out.csv"
    assert run("predict", path, "--file", tmp_path / "in.csv", "--output", output, *flags) == 0
    assert output.read_bytes().startswith(expected) and ("caf\xe9, dull" in content) == (
        b"caf\xc3\xa9, dull" in output.read_bytes()
    )
    assert capsys.readouterr().err.startswith(said.replace("{file}", str(tmp_path / "in.csv")))


def test_half_of_a_pair_of_surrogates_is_said(path, tmp_path, capsys):
    (tmp_path / "in.jsonl").write_text('{"text": "a \\ud83d\\ude00"}\n{"text": "\\ud800 cat"}\n')
    assert run("predict", path, "--file", tmp_path / "in.jsonl", "--output", tmp_path / "out.csv") == 0
    error = capsys.readouterr().err
    assert "surrogates, which is not a character, is read as '?', in line 2" in error and error.count("\n") == 1


@pytest.mark.parametrize("arguments, name", [
    (["predict", "{export}", "--file", "", "--output", ""], "--file"),
    (["predict", "{export}", "--file", "a.csv", "--output", "b.csv", "--column", ""], "--column"),
    (["predict", ""], "export"),
    (["show", ""], "export"),
    (["look", "{export}", "a", "--output="], "--output"),
    (["export", "{export}", "--to", ""], "--to"),
    (["beam", "{export}", "--input", "", "--output", "b"], "--input"),
    (["prepare", "classification", "--input", "a", "--output", ""], "--output"),
    (["train", "sentiment", "--dataset="], "--dataset"),
    (["train", "tagging", "--dataset", "a.conll", "--encoding", ""], "--encoding"),
    (["serve", "--host", ""], "--host"),
    (["serve", ""], "a path"),
])  # fmt: skip
def test_an_empty_value_is_one_sentence(path, monkeypatch, capsys, arguments, name):
    monkeypatch.setattr(sys, "argv", ["nlpseq"])
    monkeypatch.setattr(recipe, "program", None)
    assert run(*(argument.replace("{export}", str(path)) for argument in arguments)) == 2
    captured = capsys.readouterr()
    assert re.match(f"error: (argument )?`?{name}`?:? is empty", captured.err)
    assert captured.err.count("\n") == 1 and not captured.out


def test_an_empty_text_is_answered(path, capsys):
    assert run("predict", path, "") == 0
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize("flags, said", [
    (["--unitz", "3"], "unrecognized options: --unitz, 3: did you mean --units?"),
    (["--epoch=3"], "unrecognized options: --epoch=3: did you mean --epochs"),
    (["--zz"], "unrecognized options: --zz;"),
    (["--no-bidirectionl"], "unrecognized options: --no-bidirectionl: did you mean --no-bidirectional"),
    (["--init-from", "{tmp}/no", "--dataset", "no.csv"], "{tmp}/no holds no complete checkpoint of nlpseq"),
    (["--pretrain", "{tmp}/no.txt", "--dataset", "no.csv"], "cannot read {tmp}/no.txt: no such file"),
    (["--units", "x"], "--units: expected a whole number, got 'x';"),
    (["--cell", "rrn"], "invalid choice 'rrn' for argument '--cell'. Expected one of ('rnn', 'lstm', 'gru');"),
    (["--units", "99999999999"], "--units must be at most 2,147,483,647, got 99999999999."),
    (["--dataset", "{tmp}/no.csv"], "cannot read {tmp}/no.csv: no such file or directory."),
])  # fmt: skip
def test_wrong_flags_of_a_recipe_get_one_sentence(tmp_path, monkeypatch, capsys, flags, said):
    monkeypatch.setattr(sys, "argv", ["nlpseq"])
    monkeypatch.setattr(recipe, "program", None)
    flags, said = [flag.replace("{tmp}", str(tmp_path)) for flag in flags], said.replace("{tmp}", str(tmp_path))
    assert run("train", "sentiment", "--output", tmp_path / "new" / "out", *flags) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {said}") and error.count("\n") == 1 and not list(tmp_path.iterdir())


def test_a_text_that_is_the_name_of_a_file_is_said(path, tmp_path, capsys):
    assert run("predict", path, write_rows(tmp_path)) == 0
    assert "is the name of a file, and is taken as a text: use --file" in capsys.readouterr().err
    assert run("predict", path, tmp_path) == 0
    assert "is the name of a folder, and is taken as a text: use --file" in capsys.readouterr().err


def test_rows_without_a_text_have_no_answer(path, tmp_path, capsys):
    (tmp_path / "in.csv").write_text("id,text\n1,fine\n2,\n3,dull\n")
    assert run("predict", path, "--file", tmp_path / "in.csv", "--output", tmp_path / "out.csv") == 0
    with open(tmp_path / "out.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(bool(row["label"]), row["error"]) for row in rows] == [
        (True, ""), (False, "the row has no text"), (True, "")
    ]  # fmt: skip
    assert "1 of 3 rows has no answer, line 3" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("eager")
def test_look_draws(path, tmp_path, capsys):
    assert run("look", path, "not bad at all", "--output", tmp_path / "out") == 0
    assert {file.suffix for file in (tmp_path / "out").iterdir()} == {".png", ".json"}
    assert json.loads((tmp_path / "out" / "look.json").read_text())["steps"] == ["not", "bad", "at", "all"]
    assert run("look", path, "not bad", "--answer", "x", "--output", tmp_path / "none") == 2
    assert "--answer" in capsys.readouterr().err and not (tmp_path / "none").exists()


@pytest.mark.parametrize("flag, said", [("--josn", "did you mean --json? `nlpseq predict --help`"), ("--zz", "")])
def test_a_wrong_flag_of_a_command_is_said_with_similar_ones(path, capsys, flag, said):
    assert run("predict", path, "a", flag) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: unrecognized arguments: {flag}") and said in error and error.count("\n") == 1
