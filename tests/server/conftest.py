"""What a server has done before it serves anybody."""

import pytest

from engine.text.normalization.steps import load


@pytest.fixture(autouse=True)
def rules_are_loaded() -> None:
    load()  # again only where a test has forgotten them
