"""Names that are set for voices: found at the start, and meant by every route."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from engine.request import ServiceClass
from engine.voices import Voice, VoiceCatalogue
from protocol import messages as m
from server.app import create_app
from server.dialects.fish.request import read_request
from server.dialects.fish.speech import FishDialect
from server.dialects.openai.speech import OpenAiDialect
from server.notes.dialect import Dialect, OwnDialect
from server.notes.speech import speech_of
from server.parameters import Speech, check
from server.service import Service
from server.setting_checks import SettingsError
from server.voices.aliases import with_aliases
from server.voices.folder import FolderVoiceStore
from server.voices.library import VoiceLibrary
from server.voices.store import NoVoiceStore, StoredVoice, VoiceStore, digest_of
from server.websocket.opening import opening_of
from tests.helpers.asking import ask
from tests.helpers.cloning import REFERENCE, CloningRunner, FakeEncoder
from tests.helpers.virtual_engine import instant_tone
from tests.helpers.virtual_engine_thread import VirtualEngineThread

pytestmark = pytest.mark.anyio

VOICES = VoiceCatalogue(
    [Voice("bob", "Bob", ("en",)), Voice("eva", "Eva", ("de",))], default="bob", variants=["f1"]
)
MODEL = replace(instant_tone().info, voices=VOICES)
CLONING = replace(CloningRunner(FakeEncoder()).info, voices=VOICES)
ANNA = StoredVoice("anna", "Anna", digest_of(REFERENCE))
ALIASES = {"alloy": "eva+f1", "echo": "anna", "default": "eva"}
JSON = {"content-type": "application/json"}
MAX_CHARS = 100


@pytest.fixture
def anyio_backend() -> str:
    """The store works in threads; the other loop would only wait."""
    return "asyncio"


@pytest.fixture
async def store(tmp_path: Path) -> VoiceStore:
    store = FolderVoiceStore(tmp_path)
    await store.add(ANNA, REFERENCE)
    return store


async def named(store: VoiceStore) -> Service:
    """Return a service whose model clones, and has the aliases."""
    client = VirtualEngineThread().client
    client.info = await with_aliases(CLONING, ALIASES, store)
    return Service(client, voices=VoiceLibrary(store))


def note(dialect: Dialect, fields: Mapping[str, object], service: Service) -> Speech:
    asked = dialect.parse(bytearray(json.dumps(fields).encode()), JSON)
    return speech_of(asked, service.engine.info, service.limits)


def own_note(voice: str | None, service: Service) -> Speech:
    return note(OwnDialect(MAX_CHARS), {"text": "Hi.", "voice": voice}, service)


def openai_note(voice: str | None, service: Service) -> Speech:
    return note(OpenAiDialect(MAX_CHARS), {"input": "Hi.", "voice": voice}, service)


def fish_note(voice: str | None, service: Service) -> Speech:
    dialect = FishDialect(service.engine.info, MAX_CHARS)
    return note(dialect, {"text": "Hi.", "format": "wav", "reference_id": voice}, service)


def fish_call(voice: str | None, service: Service) -> Speech:
    model = service.engine.info
    asked = read_request({"reference_id": voice}, model).parameters
    return check(asked, model, service.limits, ServiceClass.CALL)


def call(voice: str | None, service: Service) -> Speech:
    return opening_of(m.Open(1, voice=voice), service, "", lambda: None).speech


@pytest.mark.parametrize("route", [own_note, openai_note, fish_note, fish_call, call])
@pytest.mark.parametrize(
    ("voice", "spoken", "to_clone"),
    [
        ("alloy", "eva+f1", ()),
        ("echo", "bob", ("anna",)),
        ("default", "eva", ()),
        (None, "eva", ()),
        # Of the stock names, those that are not set mean what they did.
        ("nova", "bob", ()),
        ("bob", "bob", ()),
        ("anna", "bob", ("anna",)),
    ],
)
async def test_on_every_route_a_name_is_the_voice_it_stands_for(
    route: Callable[[str | None, Service], Speech],
    voice: str | None,
    spoken: str,
    to_clone: tuple[str, ...],
    store: VoiceStore,
) -> None:
    speech = route(voice, await named(store))
    assert (speech.request.voice, speech.to_clone) == (spoken, to_clone)


async def test_a_language_without_a_name_still_chooses(store: VoiceStore) -> None:
    service = await named(store)
    speech = opening_of(m.Open(1, language="en"), service, "", lambda: None).speech
    assert speech.request.voice == "bob"


async def test_they_are_listed_and_no_voice_can_be_stored_under_one(store: VoiceStore) -> None:
    app = create_app(await named(store), is_alive=lambda: True)
    listed = (await ask(app, "GET", "/v1/voices")).fields
    assert {name: listed["aliases"][name] for name in ALIASES} == ALIASES
    assert listed["aliases"]["nova"] == "bob"
    assert listed["default"] == "eva"
    reference = {"audio": "", "text": "x"}
    answer = await ask(app, "POST", "/v1/voices", {"id": "echo", "reference": reference})
    assert answer.refusal == (409, "bad_state")


@pytest.mark.parametrize(
    ("alias", "model", "told"),
    [
        ({"alloy": "nobody"}, CLONING, "alloy=nobody: no voice 'nobody'"),
        # An alias stands for a voice, not for another alias.
        ({"alloy": "nova"}, CLONING, "no voice 'nova'"),
        ({"alloy": "eva+f9"}, CLONING, "no voice variant 'f9'"),
        ({"alloy": "anna"}, MODEL, "has no voice 'anna', and speaks as no stored one"),
    ],
)
async def test_what_stands_for_no_voice_is_an_error_at_the_start(
    alias: dict[str, str], model: object, told: str, store: VoiceStore
) -> None:
    with pytest.raises(SettingsError, match=told.replace("+", r"\+")):
        await with_aliases(model, alias, store)  # type: ignore[arg-type] # of the parameters


async def test_where_nothing_is_stored_a_stored_voice_is_no_voice() -> None:
    with pytest.raises(SettingsError, match="echo=anna"):
        await with_aliases(CLONING, {"echo": "anna"}, NoVoiceStore())
