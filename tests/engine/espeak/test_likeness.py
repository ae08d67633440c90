"""The sound is speech: as eSpeak NG itself speaks the same text."""

# Texts of other scripts look like mistyped Latin.
# ruff: noqa: RUF001

import shutil
import subprocess

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.request import SynthesisRequest
from engine.runners.espeak.library import SAMPLE_RATE_HZ, Library, WordEvent
from engine.runners.espeak.runner import EspeakRunner
from engine.speaking import speak
from engine.steps import Pcm
from tests.engine.espeak.speaking import say

WAV_HEADER_BYTES = 44
WINDOW_SAMPLES = 441  # 20 ms
OWN_PACE_WPM = 175
#: The least likeness of a clause of two segments; without what is said after the first it is 0.36.
JOINED = 0.75

FOX = "The quick brown fox jumps over the lazy dog near the river."
SUNSET = (
    "When the sun had set behind the distant hills the old man walked slowly home along the river "
    "with his dog."
)
COUGH = (
    "I think that you should go and see the doctor about that cough before it gets any worse than "
    "it is now."
)
GREETING = "Hello there. How are you today? I am fine, thank you very much."
APPLES = "Dr. Smith paid $3.50 for 12 apples; he was happy. Was he? Yes!"
VILLAGE = "Once upon a time, in a small village, there lived a girl who loved to read all night."
WORLD = "Hello world"
PANAMA = "A man, a plan, a canal: Panama"
ADDRESSES = "My email is john.smith@example.com and my website is www.example.com."
HEIMWEG = (
    "Als die Sonne hinter den fernen Hügeln untergegangen war ging der alte Mann langsam heim."
)
MORGEN = "Guten Morgen. Wie geht es Ihnen heute? Mir geht es gut, danke."
COLLINES = (
    "Quand le soleil se couche derrière les collines le vieil homme rentre lentement chez lui avec "
    "son chien."
)
BONJOUR = "Bonjour tout le monde. Comment allez-vous aujourd'hui? Je vais bien, merci."
HOLMY = "Когда солнце село за далёкие холмы старый человек медленно пошёл домой вдоль реки."
NINA = "Había una vez en un pequeño pueblo una niña que amaba leer libros sobre el mar."
DIAS = "Buenos días. ¿Cómo está usted hoy? Estoy muy bien, gracias."

#: What the program of Debian 12 and the library of our wheel, another version, speak alike.
AS_THE_PROGRAM = [
    *[("en-us", FOX, speed) for speed in (0.6, 1.0, 1.6, 2.5)],
    *[("en-us", text, speed) for text in (GREETING, APPLES, VILLAGE) for speed in (1.0, 1.6)],
    *[("en-us", text, speed) for text in (WORLD, PANAMA) for speed in (0.6, 1.0, 1.6)],
    ("en-us", ADDRESSES, 1.0),
    *[("fr", BONJOUR, speed) for speed in (1.0, 1.6)],
    *[("es", DIAS, speed) for speed in (1.0, 1.6)],
    ("hi", "नमस्ते। आप कैसे हैं? मैं ठीक हूँ, धन्यवाद।", 1.0),
    ("tr", "Günaydın. Bugün nasılsınız? Ben iyiyim, teşekkür ederim.", 1.0),
]
#: Clauses that are longer than the first segment, and so are joined from two.
JOINED_AS_THE_PROGRAM = [
    *[("en-us", SUNSET, speed) for speed in (0.6, 1.0, 1.6, 2.5)],
    *[("de", HEIMWEG, speed) for speed in (1.0, 1.6, 2.5)],
    *[("fr", COLLINES, speed) for speed in (1.0, 1.6)],
    *[("es", NINA, speed) for speed in (1.0, 1.6)],
]
#: What the two versions speak differently (in length up to a third), so that the library speaking
#: the whole text in one call is the measure.
AS_THE_LIBRARY = [
    *[("de", MORGEN, speed) for speed in (0.6, 1.0, 1.6, 2.5)],
    ("ru", "Доброе утро. Как у вас дела сегодня? У меня всё хорошо, спасибо.", 1.0),
    ("cmn", "你好世界。我们今天去学校学习中文，天气很好。你呢？", 1.0),
    ("ar", "مرحبا بالعالم. كيف حالك اليوم؟ أنا بخير، شكرا.", 1.0),
    ("ko", "안녕하세요. 오늘 날씨가 좋습니다. 어떻게 지내세요?", 1.0),
]
JOINED_AS_THE_LIBRARY = [
    *[("en-us", COUGH, speed) for speed in (0.6, 1.0, 1.6, 2.5)],
    ("ru", HOLMY, 1.0),
]


def _engine(runner: EspeakRunner, voice: str, text: str, speed: float = 1.0) -> Pcm:
    """Speak through all of the engine: the segmenter and the scheduler too."""
    chunks = speak(runner, SynthesisRequest(voice=voice, speed=speed), [text])
    return np.concatenate([chunk.pcm for chunk in chunks])


def _program(text: str, voice: str, speed: float) -> Pcm:
    rate_wpm = round(OWN_PACE_WPM * speed)
    command = ["espeak-ng", "-b", "1", "-v", voice, "-s", str(rate_wpm), "--stdout", text]
    wav = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(wav[WAV_HEADER_BYTES:], np.int16)


def _one_call(library: Library, text: str, voice: str, speed: float) -> Pcm:
    heard = bytearray()

    def listen(pcm: bytes, _words: list[WordEvent]) -> bool:
        heard.extend(pcm)
        return False

    library.configure(voice, round(OWN_PACE_WPM * speed), 50, 50)
    library.speak(text, end_pause=True, listener=listen)
    return np.frombuffer(bytes(heard), np.int16)


def _likeness(a: Pcm, b: Pcm) -> float:
    """Correlate the loudness of two sounds in windows of 20 ms."""
    count = min(len(a), len(b)) // WINDOW_SAMPLES * WINDOW_SAMPLES

    def loudness(pcm: Pcm) -> NDArray[np.float64]:
        windows = np.abs(pcm[:count].astype(np.float64)).reshape(-1, WINDOW_SAMPLES)
        means: NDArray[np.float64] = windows.mean(1)
        return means

    return float(np.corrcoef(loudness(a), loudness(b))[0, 1])


def _assert_alike(ours: Pcm, theirs: Pcm, least: float = 0.95) -> None:
    assert len(ours) == pytest.approx(len(theirs), rel=0.01)
    assert _likeness(ours, theirs) > least


needs_program = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is not on the PATH"
)


@needs_program
@pytest.mark.parametrize(("voice", "text", "speed"), AS_THE_PROGRAM)
def test_a_text_sounds_as_the_program_says_it(
    runner: EspeakRunner, voice: str, text: str, speed: float
) -> None:
    _assert_alike(_engine(runner, voice, text, speed), _program(text, voice, speed))


@pytest.mark.parametrize(("voice", "text", "speed"), AS_THE_LIBRARY)
def test_a_text_sounds_as_the_library_says_it_in_one_call(
    runner: EspeakRunner, library: Library, voice: str, text: str, speed: float
) -> None:
    _assert_alike(_engine(runner, voice, text, speed), _one_call(library, text, voice, speed))


@needs_program
@pytest.mark.parametrize(("voice", "text", "speed"), JOINED_AS_THE_PROGRAM)
def test_a_clause_of_two_segments_sounds_nearly_as_the_program_says_it(
    runner: EspeakRunner, voice: str, text: str, speed: float
) -> None:
    _assert_alike(_engine(runner, voice, text, speed), _program(text, voice, speed), JOINED)


@pytest.mark.parametrize(("voice", "text", "speed"), JOINED_AS_THE_LIBRARY)
def test_a_clause_of_two_segments_sounds_nearly_as_the_library_says_it_in_one_call(
    runner: EspeakRunner, library: Library, voice: str, text: str, speed: float
) -> None:
    ours, theirs = (
        _engine(runner, voice, text, speed),
        _one_call(library, text, voice, speed),
    )
    _assert_alike(ours, theirs, JOINED)


@pytest.mark.parametrize(
    "segments",
    [
        ("The quick brown fox jumps.", " It was not amused."),
        ("It was not amused, ", "and it walked home."),
        ("Was that all? ", "No, we went out."),
        ("A long day: ", "we walked; ", "we slept\u2026 ", "then we ate."),
        ("He went \u2014 ", "at last \u2014 ", "to bed."),
    ],
)
def test_segments_sound_as_the_whole_text_does(
    runner: EspeakRunner, segments: tuple[str, ...]
) -> None:
    _assert_alike(say(runner, *segments).pcm, say(runner, "".join(segments)).pcm)


def test_a_full_stop_before_another_mark_is_no_pause_as_it_is_none_to_the_library(
    runner: EspeakRunner,
) -> None:
    parts = ("Meet me at 10 a.m.;", " do not be late.")
    longer = len(say(runner, *parts).pcm) - len(say(runner, "".join(parts)).pcm)
    assert 0 <= longer < SAMPLE_RATE_HZ // 10


@pytest.mark.parametrize("quoted", ['She said "no." ', "She said (no!) ", 'She said "no," '])
def test_a_closing_quote_shortens_the_pause_by_an_eighth_of_a_second_at_most(
    runner: EspeakRunner, quoted: str
) -> None:
    parts = len(say(runner, quoted, "We went out!").pcm)
    whole = len(say(runner, quoted + "We went out!").pcm)
    assert 0 <= whole - parts < SAMPLE_RATE_HZ // 8
