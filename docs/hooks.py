"""What mkdocs does beside its plugins: reference pages from the docstrings, and equations as MathML.

Everything is made when the pages are built, so that they load nothing from the network.
"""

import html
import importlib
import re
import sys
from pathlib import Path

from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))
import blocks

# Packages whose public names the reference describes, in the order of the navigation.
PACKAGES = (
    "layers", "cells", "decoding", "text", "data", "tasks", "training", "evaluation", "diagnostics", "serving",
    "runtime", "reporting", "engine", "corpora",
)  # fmt: skip
MODULES = ("settings", "tag_schemes", "errors")  # without a list of public names: all that they define
DISPLAY, INLINE = re.compile(r"^\$\$\n(.*?)\n\$\$$", re.DOTALL | re.MULTILINE), re.compile(r"(?<![\\\w$])\$([^$\n]+)\$")
CODE = re.compile(r"(^```.*?^```$|`[^`\n]+`)", re.DOTALL | re.MULTILINE)
SCRIPT = re.compile(r"([A-Za-z)\]'|])([_^])(\{[^{}]*\}|[A-Za-z0-9]+(?![A-Za-z0-9_(.]))")
EQUATION = re.compile(r"<pre><span></span><code>(.*?)</code></pre>", re.DOTALL)  # an indented block has no language


def on_files(files: Files, config) -> Files:
    """Adds a page for each package, and a notebook for each lesson."""
    contents = {"index": _overview(), **{name: _page(name) for name in PACKAGES}, **{m: _module(m) for m in MODULES}}
    for name, content in contents.items():
        files.append(File.generated(config, f"reference/{name}.md", content=content))
    for path in sorted(Path(config.docs_dir, "lessons").glob("[0-9]*.md")):
        content = blocks.notebook(path.read_text("utf-8"))
        files.append(File.generated(config, f"lessons/{path.stem}.ipynb", content=content))
    return files


def on_config(config):
    """Puts the pages of the reference into the navigation."""
    pages = ["reference/index.md", *(f"reference/{name}.md" for name in (*PACKAGES, *MODULES))]
    for entry in config.nav:
        if entry.get("Reference") == "reference/":
            entry["Reference"] = pages
    return config


def on_page_markdown(markdown: str, page, **_) -> str:
    """TeX between dollar signs, outside of code, as MathML."""
    if page.file.src_uri.startswith("reference/"):
        return markdown
    parts = CODE.split(markdown)
    return "".join(part if number % 2 else _with_formulas(part) for number, part in enumerate(parts))


def on_page_content(content: str, page, **_) -> str:
    """Equations of docstrings with their indices below the line."""
    return EQUATION.sub(_typeset, content) if page.file.src_uri.startswith("reference/") else content


def public_names(package: str) -> dict[str, str]:
    """The public names of a package: what the reference says of each, in the syntax of mkdocstrings."""
    module = importlib.import_module(f"nlpseq.{package}")
    blocks = {}
    for name in sorted(module.__all__):
        thing = getattr(module, name)
        if isinstance(thing, type(module)):
            blocks[name] = f"::: {thing.__name__}"
        elif hasattr(thing, "__module__"):
            blocks[name] = f"::: {thing.__module__}.{name}"
        else:
            blocks[name] = f"## {name}\n\n    {name} = {thing!r}"
    return blocks


def _overview():
    rows = [f"| [nlpseq.{name}]({name}.md) | {_about(name)} |" for name in (*PACKAGES, *MODULES)]
    head = ["# Reference", "", "Every public name, from the docstrings.", "", "| | |", "|---|---|"]
    return "\n".join([*head, *rows, ""])


def _about(name):
    return importlib.import_module(f"nlpseq.{name}").__doc__.partition("\n")[0]


def _page(package):
    return "\n\n".join([f"# nlpseq.{package}", _about(package), *public_names(package).values(), ""])


def _module(name):
    options = "\n    options:\n      show_root_heading: false\n      show_root_toc_entry: false\n      heading_level: 1"
    return f"# nlpseq.{name}\n\n::: nlpseq.{name}{options}\n"


def _with_formulas(text):
    text = DISPLAY.sub(lambda match: f'<div class="formula">{convert(match[1], display="block")}</div>', text)
    return INLINE.sub(lambda match: convert(match[1]), text)


def _typeset(match):
    tags = {"_": "sub", "^": "sup"}

    def script(found):
        inner = found[3].strip("{}")
        return f"{found[1]}<{tags[found[2]]}>{inner}</{tags[found[2]]}>"

    plain = html.unescape(re.sub("<[^>]+>", "", match[1]))
    if ">>>" in plain or re.match(r"\w+\(|\w+: ", plain):  # an example, a signature, the type of an attribute
        return match[0]
    return f'<pre class="equation"><code>{SCRIPT.sub(script, html.escape(plain, quote=False))}</code></pre>'
