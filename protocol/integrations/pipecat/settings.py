# ruff: noqa: TID252 - the same files are installed under another name
"""What may be changed of the voice while a call goes on."""

from dataclasses import dataclass, field, fields
from typing import Any, cast

from pipecat.services.settings import TTSSettings
from pipecat.utils.types import NOT_GIVEN, NotGiven

from ...client import StreamOptions
from ...messages import Reference

#: A stream speaks in the voice of one of them.
_EITHER = (("voice", "reference"), ("reference", "voice"))


@dataclass
class VoxlineTTSSettings(TTSSettings):
    """The settings of a `VoxlineTTSService`; `None` leaves the choice to the server.

    Parameters:
        reference: A recording of 1 to 60 s, a file's bytes, and what is said in it, to speak in
            that voice. It takes the place of `voice`, and `voice` that of it. It travels with every
            context; the server makes a voice of it once.
        speed: 0.25 to 4; 1 is the voice's own pace.
        pitch: -12 to 12 semitones.
        volume_db: -60 to 20 dB.
        normalize: Whether to write out numbers and abbreviations before speaking.
        seed: 0 to 2**53 - 1: the same text is spoken the same way again.
        temperature: 0 to 2.
        top_p: 0 to 1.
        repetition_penalty: 0.5 to 2.
    """

    reference: Reference | NotGiven | None = field(default_factory=lambda: NOT_GIVEN, repr=False)
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

    def apply_update(self, delta: "VoxlineTTSSettings") -> dict[str, Any]:  # type: ignore[override] # as Pipecat
        """Merge a delta; whichever of `voice` and `reference` it has is the only one from now on.

        Args:
            delta: What changes.

        Returns:
            The fields that changed, with their previous values.
        """
        changed: dict[str, Any] = super().apply_update(delta)
        for chosen, other in _EITHER:
            if chosen in changed and getattr(self, chosen) is not None and other not in changed:
                nothing: dict[str, Any] = {other: None}
                changed |= super().apply_update(type(self)(**nothing))
        return changed

    def stream_options(self, sample_rate_hz: int) -> StreamOptions:
        """Return what a stream is opened with."""
        chosen = {name: value for name, value in self.given_fields().items() if value is not None}
        chosen.pop("model", None)  # a server has one
        return cast("StreamOptions", chosen | {"sample_rate": sample_rate_hz})
