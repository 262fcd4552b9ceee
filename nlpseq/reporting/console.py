"""What the terminal shows: tables and answers."""

import json
import resource
import sys

from rich.console import Console
from rich.markup import escape
from rich.table import Table

console = Console(highlight=False, emoji=False)


def peak_memory_mb():
    """The most memory that this process has held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024**2 if sys.platform == "darwin" else 1024))


def say(line):
    """Prints a line."""
    console.print(escape(line), soft_wrap=True)


def print_data(data, details):
    """Prints what is learnt from: its splits, and what else there is to say."""
    sizes = ", ".join(f"{size:,} {split}" for split, size in data.sizes.items())
    say(f"{data.title}: {sizes}; {details}")


def listed(labels, what="classes"):
    """The labels of a dataset, with their number and what they are."""
    return f"{len(labels)} {what}: {', '.join(labels)}"


def print_classification(result, data, most_mistakes=3):
    """Prints precision, recall and F1 by class, accuracy, and the most confident mistakes."""
    metrics = result.metrics
    table = _class_table(data, "class", "texts", metrics["classes"])
    table.add_section()
    table.add_row("average", *_scores(metrics), f"{len(data.test):,}")
    console.print(table)
    say(f"test accuracy {metrics['accuracy']:.4f}")
    for mistake in result.mistakes[:most_mistakes]:
        text = " ".join(mistake.text.split())
        text = text if len(text) <= 160 else text[:157] + "..."
        say(f"  {mistake.expected}, taken for {mistake.predicted} ({mistake.score:.3f}): {text}")


def print_tagging(result, data, worst=3):
    """Prints precision, recall and F1 by tag or type of span, accuracy, and the worst sentences."""
    metrics = result.metrics
    if data.scheme:
        table = _class_table(data, "span", "spans", metrics["types"])
        table.add_section()
        table.add_row("all", *_scores(metrics), f"{sum(r['support'] for r in metrics['types'].values()):,}")
        macro = {name: metrics[f"macro_{name}"] for name in ("precision", "recall", "f1")}
        table.add_row("average", *_scores(macro), "")
    else:
        table = _class_table(data, "tag", "tokens", metrics["tags"])
        table.add_section()
        table.add_row("average", *_scores(metrics), f"{int(result.confusion.sum()):,}")
    console.print(table)
    unseen = metrics["unseen_accuracy"]
    say(
        f"test accuracy {metrics['accuracy']:.4f}; whole sentences {metrics['sentence_accuracy']:.4f}; "
        + ("no words unseen in training" if unseen is None else
           f"{metrics['unseen_tokens']:,} words unseen in training {unseen:.4f}")
    )  # fmt: skip
    if data.scheme:
        say(f"sentences whose tags break the scheme {data.scheme}: {metrics['illegal_sentences']:,}")
    for sentence in result.worst[:worst]:
        say(f"  {_marked(sentence)}")


def print_translations(result, data, most=3):
    """Prints the scores, and the best and worst translations."""
    metrics = result.metrics
    say(f"test split of {data.title}, {data.source} to {data.target}:")
    say(
        f"BLEU {metrics['bleu']:.2f} (greedy {metrics['greedy_bleu']:.2f}), chrF {metrics['chrf']:.2f}, exact "
        f"match {metrics['exact_match']:.4f} (greedy {metrics['greedy_exact_match']:.4f}), length ratio "
        f"{metrics['length_ratio']:.3f}"
    )
    say(f"BLEU {metrics['bleu_signature']}; chrF {metrics['chrf_signature']}")
    table = Table("chrF", "source", "translation", "reference", title="best and worst translations")
    for rows in (result.best, result.worst):
        for row in rows[:most]:
            texts = (row.source, row.hypothesis, row.reference)
            table.add_row(f"{row.score:.1f}", *map(escape, texts))
        table.add_section()
    console.print(table)


def print_cut(share, most, count):
    """Says what share of the first `count` training pairs is cut, if any is."""
    if share:
        say(
            f"{share:.2%} of the first {count:,} training pairs are cut: a side has more than "
            f"{most - 1:,} pieces (--max-tokens {most})"
        )


def print_language(result, data):
    """Prints the scores of a language model."""
    metrics = result.metrics
    say(
        f"test text of {data.title}, read as one with carried states: perplexity {metrics['perplexity']:.2f} "
        f"over {metrics['tokens']:,} tokens, {metrics['unknown_share']:.2%} of them unknown; "
        f"{metrics['nats_per_token']:.4f} nats a token, {metrics['nats_per_character']:.4f} nats a character"
    )


def print_samples(texts):
    """Prints generated texts."""
    for number, text in enumerate(texts, start=1):
        say(f"sample {number}: {text}")


def write_worst_sentences(result, path):
    """Writes the worst sentences of a `TaggingResult`, one a line, into a text file."""
    lines = [
        "Wrong tags stand in brackets: token [predicted, not expected].",
        *(f"{sentence.wrong} of {len(sentence.tokens)} wrong: {_marked(sentence)}" for sentence in result.worst),
    ]
    path.write_text("\n\n".join([*lines, ""]), encoding="utf-8")


def _marked(sentence):
    """A sentence with its wrong tags in brackets."""
    parts = zip(sentence.tokens, sentence.predicted, sentence.expected)
    return " ".join(token if got == expected else f"{token} [{got}, not {expected}]" for token, got, expected in parts)


def print_answer(text, answer, task, as_json=False):
    """Prints the answer of an export of a task to one text."""
    if as_json:
        print(json.dumps({"text": text, **answer}, ensure_ascii=False), flush=True)
    else:
        show = {
            "classification": _print_label,
            "language_model": _print_text_score,
            "tagging": _print_tags,
            "translation": _print_translation,
        }
        show[task](text, answer)


def print_going_on(export, prompt, options, as_json=False):
    """Prints a prompt and how an exported language model goes on with it, piece by piece."""
    from nlpseq.tasks.language_modeling.completion import go_on

    if as_json:
        added = go_on(export, prompt, lambda piece: None, note=_note_unknown, **options)
        print(json.dumps({"text": prompt, "added": added}, ensure_ascii=False), flush=True)
        return
    waiting = [prompt.rstrip(" \t\r")]  # shown when it is known that there is an answer

    def show(piece):
        print(*waiting, piece, sep="", end="", flush=True)
        waiting.clear()

    go_on(export, prompt, show, note=_note_unknown, **options)
    print(*waiting, flush=True)


def _note_unknown(count):
    if count:
        print(f"note: pieces of that prompt that the model does not know: {count:,}", file=sys.stderr)


def _print_text_score(text, answer):
    cut = f"\tcut to {answer['cut_to_pieces']:,} pieces" if "cut_to_pieces" in answer else ""
    cut += f"\t{answer['unknown']:,} unknown" if answer["unknown"] else ""
    print(f"{answer['total']:.4f}\tperplexity {answer['perplexity']:.2f}{cut}\t{' '.join(text.split())}", flush=True)


def _print_label(text, answer):
    label, scores = answer["label"], answer["scores"]
    print(f"{label}\t{scores[label]:.4f}\t{' '.join(text.split())}", flush=True)


def _print_tags(text, answer):
    """Tokens and tags in columns, under a line with the spans where there are some."""
    tokens, tags, scores = answer["tokens"], answer["tags"], answer["scores"]
    if "spans" in answer:
        print(_bracketed(tokens, answer["spans"]))
    width = max(map(len, tokens), default=0)
    tag_width = max(map(len, tags), default=0)
    for token, tag, score in zip(tokens, tags, scores):
        print(f"{token:<{width}}  {tag:<{tag_width}}  {score:.4f}")
    print(flush=True)


def _print_translation(text, answer):
    """The translation in a line, and on standard error whether the text was cut."""
    print(answer["translation"], flush=True)
    if "cut_to_pieces" in answer:
        print(f"note: only the first {answer['cut_to_pieces']:,} pieces of that text were read", file=sys.stderr)


def _bracketed(tokens, spans):
    """The tokens in a line, each span as `[TYPE token ...]`."""
    shown = list(tokens)
    for span in spans:
        shown[span["start"]] = f"[{span['type']} {shown[span['start']]}"
        shown[span["end"] - 1] += "]"
    return " ".join(shown)


def print_export(export):
    """Prints what an export is: signatures, scores, settings."""
    table = Table("signature", "takes", "gives", title=escape(str(export.path)))
    for name, function in export.signatures.items():
        inputs = function.structured_input_signature[1].values()
        outputs = function.structured_outputs.items()
        table.add_row(
            name,
            "\n".join(_described(spec.name, spec) for spec in inputs),
            "\n".join(_described(key, spec) for key, spec in sorted(outputs)),
        )
    console.print(table)
    console.print(_score_table(export.metrics))
    table = Table("setting", "value", title="settings")
    for name, value in _flattened(export.config):
        table.add_row(escape(name), escape(str(value)))
    console.print(table)


def _class_table(data, what, unit, classes):
    """A row of scores for each class."""
    table = Table(title=escape(f"test split of {data.title}"))
    table.add_column(what)
    for column in ("precision", "recall", "F1", unit):
        table.add_column(column, justify="right")
    for label, row in classes.items():
        table.add_row(escape(label), *_scores(row), f"{row['support']:,}")
    return table


def _score_table(metrics):
    """Validation and test side by side, then what the training took."""
    table = Table("figure", title="scores")
    table.add_column("validation", justify="right")
    table.add_column("test", justify="right")
    validation, test = (dict(_flattened(metrics[split])) for split in ("validation", "test"))
    for name, value in test.items():
        table.add_row(escape(name), _rounded(validation.get(name, "")), _rounded(value))
    table.add_section()
    table.add_row("train_seconds", "", str(metrics["train_seconds"]))
    table.add_row("peak_memory_mb", "", str(metrics["peak_memory_mb"]))
    return table


def _rounded(value):
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _scores(row):
    return [f"{row[name]:.4f}" for name in ("precision", "recall", "f1")]


def _described(name, spec):
    shape = ", ".join("any" if size is None else str(size) for size in spec.shape)
    return f"{name}: {spec.dtype.name} ({shape})"


def _flattened(values, prefix=""):
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
