import pytest

from engine.runners.espeak import EspeakRunner


@pytest.fixture
def runner() -> EspeakRunner:
    pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    return EspeakRunner()
