"""The source distribution is whole: its tests and its pages find what they speak of."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_source_distribution_has_every_package_and_every_page() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = set(project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"])
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    pages = {path.name for path in ROOT.glob("*.md")}
    assert packages >= {"server", "tests", "examples"}
    assert packages | pages | {".ci", "LICENSE"} <= included
