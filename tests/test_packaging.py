"""The source distribution is whole: its tests and its pages find what they speak of."""

import re
import tomllib
from importlib.metadata import metadata, requires
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent


def test_the_source_distribution_has_every_package_and_every_page() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = set(project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"])
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    pages = {path.name for path in ROOT.glob("*.md")}
    assert packages >= {"server", "tests", "examples"}
    assert packages | pages | {".ci", "LICENSE"} <= included


def installed_by(name: str, extras: set[str], found: set[str]) -> set[str]:
    """Collect the names of all that a distribution needs, itself among them."""
    found.add(name)
    for line in requires(name) or []:
        needed = Requirement(line)
        marker = needed.marker
        wanted = marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""})
        if wanted and needed.name not in found:
            installed_by(needed.name, needed.extras, found)
    return found


def licence(name: str) -> str:
    fields = ("License-Expression", "License", "Classifier")
    return " ".join(line for field in fields for line in metadata(name).get_all(field) or [])


def test_the_readme_names_whatever_is_under_terms_that_reach_further_than_ours() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Licences")[2]
    extras = {"espeak", "codecs", "s1", "vits", "dev"}
    reaching = {
        name
        for name in installed_by("voxline", extras, set())
        if re.search(r"\bL?GPL|General Public|\bMPL|Mozilla", licence(name))
    }
    assert reaching >= {"soxr", "certifi"}
    assert {name for name in reaching if name not in page} == set()
