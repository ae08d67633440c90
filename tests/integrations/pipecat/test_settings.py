"""What the settings of a service ask for, without a server."""

from typing import Any

import pytest
from pipecat.services.settings import TTSSettings

from protocol.integrations.pipecat import VoxlineTTSService, VoxlineTTSSettings
from protocol.messages import Reference

RATE_HZ = 24_000
REFERENCE = Reference(b"a recording", "What is said in it.")


def settings(*deltas: Any) -> VoxlineTTSSettings:  # noqa: ANN401 Pipecat's own, too
    store = VoxlineTTSSettings.defaults()
    for delta in deltas:
        store.apply_update(delta)
    return store


def test_what_is_not_set_is_left_to_the_server() -> None:
    assert settings().stream_options(RATE_HZ) == {"sample_rate": RATE_HZ}


def test_a_recording_is_what_a_stream_is_opened_with() -> None:
    options = settings(VoxlineTTSSettings(reference=REFERENCE)).stream_options(RATE_HZ)
    assert options == {"sample_rate": RATE_HZ, "reference": REFERENCE}


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"reference": REFERENCE}, {"voice": "anna"}),
        ({"voice": "anna"}, {"reference": REFERENCE}),
    ],
)
def test_of_a_voice_and_a_recording_the_later_one_takes_the_place_of_the_other(
    first: dict[str, Any], then: dict[str, Any]
) -> None:
    store = settings(VoxlineTTSSettings(**first))
    changed = store.apply_update(VoxlineTTSSettings(**then))
    assert store.stream_options(RATE_HZ) == {"sample_rate": RATE_HZ, **then}
    assert changed == first | dict.fromkeys(then)


def test_a_delta_of_pipecats_own_changes_the_voice_too() -> None:
    store = settings(VoxlineTTSSettings(reference=REFERENCE), TTSSettings(voice="anna"))
    assert store.stream_options(RATE_HZ) == {"sample_rate": RATE_HZ, "voice": "anna"}


def test_a_recording_never_gets_into_a_log() -> None:
    assert "recording" not in repr(settings(VoxlineTTSSettings(reference=REFERENCE)))


def test_a_service_takes_a_recording_from_the_start() -> None:
    service = VoxlineTTSService(
        url="ws://127.0.0.1:9/ws/tts", settings=VoxlineTTSSettings(reference=REFERENCE)
    )
    assert service._settings.stream_options(RATE_HZ)["reference"] == REFERENCE
