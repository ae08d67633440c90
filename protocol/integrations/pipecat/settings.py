# ruff: noqa: TID252 - the same files are installed under another name
"""What may be changed of the voice while a call goes on."""

from dataclasses import dataclass, field, fields
from typing import Any, cast

from pipecat.services.settings import TTSSettings
from pipecat.utils.types import NOT_GIVEN, NotGiven

from ...client import StreamOptions


@dataclass
class VoxlineTTSSettings(TTSSettings):
    """The settings of a `VoxlineTTSService`; `None` leaves the choice to the server.

    Parameters:
        speed: 0.25 to 4; 1 is the voice's own pace.
        pitch: -12 to 12 semitones.
        volume_db: -60 to 20 dB.
        normalize: Whether to write out numbers and abbreviations before speaking.
        seed: 0 to 2**53 - 1: the same text is spoken the same way again.
        temperature: 0 to 2.
        top_p: 0 to 1.
        repetition_penalty: 0.5 to 2.
    """

    speed: float | NotGiven | None = field(default_factory=lambda: NOT_GIVEN)
    pitch: float | NotGiven | None = field(default_factory=lambda: NOT_GIVEN)
    volume_db: float | NotGiven | None = field(default_factory=lambda: NOT_GIVEN)
    normalize: bool | NotGiven | None = field(default_factory=lambda: NOT_GIVEN)
    seed: int | NotGiven | None = field(default_factory=lambda: NOT_GIVEN)
    temperature: float | NotGiven | None = field(default_factory=lambda: NOT_GIVEN)
    top_p: float | NotGiven | None = field(default_factory=lambda: NOT_GIVEN)
    repetition_penalty: float | NotGiven | None = field(default_factory=lambda: NOT_GIVEN)

    @classmethod
    def defaults(cls) -> "VoxlineTTSSettings":
        """Return settings that leave all to the server."""
        nothing: Any = None
        return cls(**{each.name: nothing for each in fields(cls) if each.name != "extra"})

    def stream_options(self, sample_rate_hz: int) -> StreamOptions:
        """Return what a stream is opened with."""
        chosen = {name: value for name, value in self.given_fields().items() if value is not None}
        chosen.pop("model", None)  # a server has one
        return cast("StreamOptions", chosen | {"sample_rate": sample_rate_hz})
