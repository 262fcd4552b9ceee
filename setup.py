"""The one thing that setup.cfg cannot express: `find:` together with a package in another folder.

The recipes stay in recipes/, where a clone runs them as scripts; a wheel contains them as the
package nlpseq.recipes, so that nothing named `recipes` is installed at the top level.
Their folder, for code that runs them: nlpseq/recipes where that exists (an installed wheel), else
recipes/ beside nlpseq/ (a clone, also one installed with `pip install -e`).
"""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["nlpseq", "nlpseq.*"]), "nlpseq.recipes"],
    package_dir={"nlpseq.recipes": "recipes"},
)
