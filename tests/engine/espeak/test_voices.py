import re

import pytest

from engine.errors import UnknownVoice
from engine.runners.espeak.runner import EspeakRunner
from tests.engine.espeak.speaking import say


def test_every_voice_speaks(runner: EspeakRunner) -> None:
    silent = [
        voice.id
        for voice in runner.info.voices
        if abs(say(runner, f"12 {voice.name}", voice=voice.id, speed=2.5).pcm).max(initial=0) < 1000
    ]
    assert not silent


def test_every_variant_speaks(runner: EspeakRunner) -> None:
    for variant in runner.info.voices.variants:
        spoken = say(runner, "a.", voice=f"en-us+{variant}", speed=2.5)
        assert spoken.rows[-1].error is None
        assert len(spoken.pcm) > 1000


def test_ids_match_the_pattern_of_voice_ids(runner: EspeakRunner) -> None:
    voices = runner.info.voices
    ids = [voice.id for voice in voices] + [f"en-us+{variant}" for variant in voices.variants]
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.+-]{0,127}", voice) for voice in ids)
    assert len(voices) > 100


def test_language_and_variant_choose_the_voice(runner: EspeakRunner) -> None:
    voices = runner.info.voices
    assert voices.resolve(None, None) == "en-us"
    assert voices.resolve(None, "fr") == "fr"
    assert voices.resolve(None, "de-AT") == "de"
    assert voices.resolve("en-us+f3", "en") == "en-us+f3"
    with pytest.raises(UnknownVoice):
        voices.resolve("nope", None)
    with pytest.raises(UnknownVoice):
        voices.resolve("en-us+nope", None)
