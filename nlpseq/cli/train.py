"""`nlpseq train RECIPE`: runs the same script as `python recipes/RECIPE.py`."""

import ast
import runpy
import sys
from pathlib import Path

import nlpseq
from nlpseq.cli import recipe
from nlpseq.errors import InputError, suggest

PACKAGE = Path(nlpseq.__file__).parent
FOLDERS = (PACKAGE / "recipes", PACKAGE.parent / "recipes")  # in an installed package, and in a clone


def run(arguments: list[str], command: str = "train") -> None:
    """Runs a recipe: its name is the first argument, its flags are the others.

    Args:
        arguments: The name and the flags.
        command: What the help calls the command.

    Raises:
        InputError: there is no recipe of that name.
    """
    recipes = find_recipes()
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_usage(recipes))
        if not arguments:
            raise InputError("expected the name of a recipe after `nlpseq train`: choose one from the list.")
        return
    name, *flags = arguments
    if name not in recipes:
        raise InputError(f"unknown recipe {name!r}: {suggest(name, recipes)}")
    sys.argv = [str(recipes[name]), *flags]
    recipe.program = f"nlpseq {command} {name}"
    runpy.run_path(sys.argv[0], run_name="__main__")


def find_recipes() -> dict[str, Path]:
    """The recipes by name."""
    for folder in FOLDERS:
        scripts = {path.stem: path for path in sorted(folder.glob("*.py")) if not path.stem.startswith("_")}
        if scripts:
            return scripts
    raise InputError(f"no recipes in {FOLDERS[0]} or {FOLDERS[1]}: install nlpseq again.")


def _usage(recipes):
    width = max(map(len, recipes))
    lines = [f"  {name:<{width}}  {_first_line(path)}" for name, path in recipes.items()]
    return "\n".join(["usage: nlpseq train RECIPE [flags]; nlpseq train RECIPE --help lists the flags", "", *lines])


def _first_line(path):
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]
