"""What is asked, checked against what the model can do: typed errors, and what is passed on."""

import math
import sys
from dataclasses import replace

import pytest

from engine.request import Sampling, ServiceClass
from engine.runner import Feature, ModelInfo
from engine.runners.tone import ToneRunner
from engine.text.normalization import languages, steps
from engine.text.rules import TextRules
from engine.voices import Voice, VoiceCatalogue
from protocol.codes import ErrorCode
from protocol.messages import Limits, Reference
from server.errors import RequestError
from server.parameters import Parameters, Speech, check
from tests.helpers.cloning import REFERENCE

MODEL = replace(ToneRunner().info, speed_range=(0.5, 2.0), pitch_range=(-3.0, 3.0))

EVERY_LANGUAGE = replace(
    MODEL, voices=VoiceCatalogue([Voice("all", "All", ("en", "de"))], default="all")
)


def checked(parameters: Parameters, model: ModelInfo = MODEL) -> Speech:
    return check(parameters, model, Limits(), ServiceClass.CALL)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        (Parameters(voice="tone+m3"), ErrorCode.UNKNOWN_VOICE),
        (Parameters(voice="tone", references=(REFERENCE,)), ErrorCode.BAD_VALUE),
        (Parameters(references=(REFERENCE,), language="tlh"), ErrorCode.UNKNOWN_VOICE),
        (Parameters(references=(REFERENCE,), speed=5.0), ErrorCode.BAD_VALUE),
        (Parameters(voice="anna", language=""), ErrorCode.BAD_VALUE),
        (Parameters(voice=""), ErrorCode.BAD_VALUE),
        (Parameters(voice="../tone"), ErrorCode.BAD_VALUE),
        (Parameters(voice="x" * 129), ErrorCode.BAD_VALUE),
        (Parameters(language="tlh"), ErrorCode.UNKNOWN_VOICE),
        (Parameters(language=""), ErrorCode.BAD_VALUE),
        (Parameters(sample_rate=7_999), ErrorCode.BAD_VALUE),
        (Parameters(sample_rate=48_001), ErrorCode.BAD_VALUE),
        (Parameters(speed=0.24), ErrorCode.BAD_VALUE),
        (Parameters(speed=4.01), ErrorCode.BAD_VALUE),
        (Parameters(speed=math.nan), ErrorCode.BAD_VALUE),
        (Parameters(speed=math.inf), ErrorCode.BAD_VALUE),
        (Parameters(pitch=12.5), ErrorCode.BAD_VALUE),
        (Parameters(pitch=3.5), ErrorCode.UNSUPPORTED),
        (Parameters(volume_db=-61), ErrorCode.BAD_VALUE),
        (Parameters(volume_db=20.5), ErrorCode.BAD_VALUE),
        (Parameters(sampling=Sampling(seed=-1)), ErrorCode.BAD_VALUE),
        (Parameters(sampling=Sampling(temperature=-0.1)), ErrorCode.BAD_VALUE),
        (Parameters(sampling=Sampling(temperature=2.1)), ErrorCode.BAD_VALUE),
        (Parameters(sampling=Sampling(temperature=math.nan)), ErrorCode.BAD_VALUE),
        (Parameters(sampling=Sampling(top_p=1.1)), ErrorCode.BAD_VALUE),
        (Parameters(sampling=Sampling(repetition_penalty=0.0)), ErrorCode.BAD_VALUE),
        (Parameters(sampling=Sampling(repetition_penalty=math.inf)), ErrorCode.BAD_VALUE),
        (Parameters(sampling=Sampling(seed=2**63)), ErrorCode.BAD_VALUE),
        (Parameters(sampling=Sampling(temperature=0.7)), ErrorCode.UNSUPPORTED),
        (Parameters(sampling=Sampling(top_p=0.7)), ErrorCode.UNSUPPORTED),
        (Parameters(sampling=Sampling(repetition_penalty=1.1)), ErrorCode.UNSUPPORTED),
    ],
)
def test_what_cannot_be_has_its_code(parameters: Parameters, code: ErrorCode) -> None:
    with pytest.raises(RequestError) as refused:
        checked(parameters)
    assert refused.value.code is code


@pytest.mark.parametrize(
    ("parameters", "to_clone"),
    [
        (Parameters(), ()),
        (Parameters(voice="tone"), ()),
        (Parameters(voice="alloy"), ()),
        (Parameters(voice="anna"), ("anna",)),
        (Parameters(references=(REFERENCE, REFERENCE)), (REFERENCE, REFERENCE)),
    ],
)
def test_only_a_voice_that_is_not_the_models_own_is_to_be_made(
    parameters: Parameters, to_clone: tuple[Reference | str, ...]
) -> None:
    speech = checked(parameters)
    assert speech.to_clone == to_clone
    assert speech.request.voice == MODEL.voices.default.id


def test_nothing_asked_is_the_model_as_it_is() -> None:
    speech = checked(Parameters())
    assert speech.request.voice == MODEL.voices.default.id
    assert speech.request.speed == speech.stretch == 1.0
    assert speech.request.pitch == speech.volume_db == 0.0
    assert speech.sample_rate_hz == speech.model_rate_hz == MODEL.sample_rate_hz


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.8, 1.0, 1.5, 2.0, 3.0, 4.0])
def test_the_model_speaks_as_fast_as_it_can_and_the_rest_is_stretched(speed: float) -> None:
    speech = checked(Parameters(speed=speed))
    low, high = MODEL.speed_range
    assert speech.request.speed == min(max(speed, low), high)
    assert speech.request.speed * speech.stretch == pytest.approx(speed)


def test_a_seed_is_harmless_where_nothing_is_drawn() -> None:
    assert checked(Parameters(sampling=Sampling(seed=7))).request.sampling.seed == 7


def test_a_model_that_samples_is_given_all_of_it() -> None:
    model = replace(MODEL, features=frozenset({Feature.SAMPLING}))
    sampling = Sampling(seed=1, temperature=0.5, top_p=0.9, repetition_penalty=1.2)
    assert checked(Parameters(sampling=sampling), model).request.sampling == sampling


@pytest.mark.parametrize("parameters", [Parameters(normalize=False), Parameters(lexicon={})])
def test_who_asks_nothing_of_the_text_gets_no_rules(parameters: Parameters) -> None:
    assert checked(parameters).request.text_rules is None


def test_text_is_written_out_in_the_language_asked_for_or_else_the_voices_first() -> None:
    voices = VoiceCatalogue([Voice("eva", "Eva", ("de-AT", "fr"))], default="eva")
    model = replace(MODEL, voices=voices)
    lexicon = {"k8s": "Kubernetes"}
    rules = checked(Parameters(normalize=True, lexicon=lexicon), model).request.text_rules
    assert rules == TextRules(lexicon=(("k8s", "Kubernetes"),), normalizes=True, language="de-AT")
    asked = checked(Parameters(normalize=True, language="fr"), model).request.text_rules
    assert asked == TextRules(normalizes=True, language="fr")


@pytest.mark.parametrize(
    ("languages", "asked", "written_out"),
    [
        (("en-us", "en"), {}, "en-us"),
        (("de-AT",), {}, "de-AT"),
        # The text may be in either; nobody knows, unless it is said.
        (("de", "fr"), {}, None),
        (("de", "fr"), {"language": "fr"}, "fr"),
        (("es",), {}, None),
        ((), {}, None),
    ],
)
def test_text_that_may_be_written_out_is_where_its_language_is_known_and_has_rules(
    languages: tuple[str, ...], asked: dict[str, str], written_out: str | None
) -> None:
    voices = VoiceCatalogue([Voice("eva", "Eva", languages)], default="eva")
    parameters = Parameters(may_normalize=True, **asked)  # type: ignore[arg-type] # its language
    rules = checked(parameters, replace(MODEL, voices=voices)).request.text_rules
    assert (None if rules is None else rules.language) == written_out


def test_text_that_may_be_written_out_is_not_where_a_library_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps._steps.cache_clear()
    languages.language_named.cache_clear()
    monkeypatch.setitem(sys.modules, "unicode_rbnf", None)
    parameters = Parameters(may_normalize=True, language="en")
    assert checked(parameters, EVERY_LANGUAGE).request.text_rules is None


@pytest.mark.parametrize("library", ["emoji", "unicode_rbnf"])
def test_without_its_libraries_normalisation_is_unsupported_and_the_lexicon_is_not(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps._steps.cache_clear()
    languages.language_named.cache_clear()
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(RequestError, match=r"voxline\[ear\]") as refused:
        checked(Parameters(normalize=True, language="en"), EVERY_LANGUAGE)
    assert refused.value.code is ErrorCode.UNSUPPORTED
    assert checked(Parameters(lexicon={"a": "b"})).request.text_rules is not None
