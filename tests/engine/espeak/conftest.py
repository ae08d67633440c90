from collections.abc import Iterator
from contextlib import closing
from functools import cache

import pytest

from engine.runners.espeak.library import Library
from engine.runners.espeak.runner import EspeakRunner


@pytest.fixture
def runner() -> Iterator[EspeakRunner]:
    pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    with closing(EspeakRunner()) as runner:
        yield runner


@cache
def _loaded() -> Library:
    loader = pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    return Library(loader.get_library_path(), loader.get_data_path())


@pytest.fixture
def library() -> Library:
    """Return the binding of the tests' own process: it may speak only what harms nobody."""
    return _loaded()
