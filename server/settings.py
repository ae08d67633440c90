"""What can be set: each setting with its unit, its default, its bounds and its reason."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial

from protocol.messages import Limits
from server.jobs.limits import NOTE_SLOTS
from server.keeping_settings import KeepingSettings
from server.setting_checks import (
    SettingsError,
    check_certificate,
    check_choice,
    check_descriptors,
    check_hosts,
    check_origins,
    check_range,
    is_loopback,
    read_aliases,
)
from server.setting_fields import BOUNDS, MOST_S, setting

MODELS = (
    "espeak, tone, or a checkpoint of S1 or VITS: its folder, or owner/name[@revision] of the Hub"
)
#: A hundred times what one machine carries: more is a slip of the finger.
_MOST = 10_000
#: They are cheaper than calls: many listen and few speak.
_MOST_CONNECTIONS = 100_000
#: Spoken as slowly as may be, at 48 kHz, more of them could outgrow a count on the wire.
_MOST_CHARS = 100_000
#: `open` and a sentence fit into the least, a reference of minutes into the most.
_MESSAGE_BYTES = (4_096, 1 << 24)

ANY_HOST = ("*",)


_listening = partial(setting, "where it listens, and to whom")
_speaking = partial(setting, "what speaks")
_sharing = partial(setting, "how much at once")
_limiting = partial(setting, "what one caller may do; clients are told when they connect")
_waiting = partial(setting, "how long it waits")
#: Their defaults are those of the specification.
_WIRE = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(KeepingSettings):
    """The settings of `voxline serve`."""

    host: str = _listening("127.0.0.1", "address to listen on; 0.0.0.0 lets the network in")
    port: int = _listening(8080, "TCP port; 0 takes a free one", 0, 65_535)
    tls_cert: str = _listening("", "PEM file of the certificate chain; with --tls-key, serves TLS")
    tls_key: str = _listening("", "PEM file of the private key")
    allowed_hosts: str = _listening(
        "",
        "names by which clients may call this server, comma-separated; * is any. Addresses and "
        "localhost always pass; without this, so do all names unless --host is a loopback address",
    )
    allowed_origins: str = _listening(
        "", "origins whose pages may connect, comma-separated; * is any"
    )

    model: str = _speaking("espeak", f"model to serve: {MODELS}")
    role: str = _speaking(
        "all",
        "what this process makes: all; calls, and it accepts notes for others to make; or notes",
    )
    voice_aliases: str = _speaking("", "names for voices, as name=voice pairs, comma-separated")
    tone_step_ms: str = _speaking("", "step time of --model tone, as rows:ms pairs (1:5,400:20)")

    max_connections: int = _sharing(
        1_000, "WebSockets open at once; some tens of KB each", 1, _MOST_CONNECTIONS
    )
    max_calls: int = _sharing(
        100, "calls open at once; the next is refused as overloaded", 1, _MOST
    )
    max_notes: int = _sharing(100, "notes open at once, waiting ones too", 1, _MOST)
    note_slots: int = _sharing(
        NOTE_SLOTS,
        "notes of the queue made at once, beside those that are sent while they are made",
        1,
        _MOST,
    )
    note_floor: int = _sharing(
        8, "rows of a step kept for notes, however many calls there are", 1, _MOST
    )

    max_streams: int = _limiting(
        _WIRE.max_streams, "streams open at once on a connection", 1, _MOST
    )
    max_text_chars: int = _limiting(
        _WIRE.max_text_chars,
        "characters of a stream or a note; 20000 are about 20 minutes of speech",
        1,
        _MOST_CHARS,
    )
    max_message_bytes: int = _limiting(
        _WIRE.max_message_bytes,
        "bytes of a WebSocket message, all of which are held until it is whole",
        *_MESSAGE_BYTES,
    )
    default_credit_s: float = _limiting(
        _WIRE.default_credit_s,
        "seconds of audio that are sent before the first grant, where open has no credit",
        0,
        60,
    )
    stall_s: float = _limiting(
        _WIRE.stall_s,
        "seconds without credit after which a stream ends: it holds a place meanwhile",
        1,
        MOST_S,
    )
    idle_stream_s: float = _limiting(
        _WIRE.idle_stream_s,
        "seconds without text after which an open stream ends: it holds a place meanwhile",
        1,
        MOST_S,
    )
    idle_connection_s: float = _limiting(
        _WIRE.idle_connection_s,
        "seconds without a message after which a connection without streams is closed",
        1,
        MOST_S,
    )
    max_stream_s: float = _limiting(
        _WIRE.max_stream_s,
        "seconds after which a stream or a note ends, however slowly it is heard",
        1,
        MOST_S,
    )
    ping_interval_s: float = _limiting(
        _WIRE.ping_interval_s,
        "seconds between pings; proxies drop silent connections after a minute or so",
        1,
        MOST_S,
    )

    drain_s: float = _waiting(
        25.0, "seconds that open work has after SIGTERM; orchestrators kill after 30", 0, MOST_S
    )
    watchdog_s: float = _waiting(
        10.0,
        "seconds without a turn after which the engine counts as hung, and the server ends",
        0.1,
        MOST_S,
    )

    @property
    def origins(self) -> tuple[str, ...]:
        """The allowed origins, one by one."""
        return _listed(self.allowed_origins)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names that may stand in `Host` beside addresses and localhost."""
        if self.allowed_hosts or is_loopback(self.host):
            return _listed(self.allowed_hosts)
        return ANY_HOST

    @property
    def aliases(self) -> Mapping[str, str]:
        """The voice behind each of the names."""
        return read_aliases(_listed(self.voice_aliases))

    @property
    def takes_calls(self) -> bool:
        """Whether this process speaks to those who wait for it."""
        return self.role != "notes"

    @property
    def makes_notes(self) -> bool:
        """Whether this process makes notes that wait."""
        return self.role != "calls"

    @property
    def limits(self) -> Limits:
        """What `ready` tells a client. The sample rates are what the audio path was made for."""
        told = [item.name for item in fields(Limits) if hasattr(self, item.name)]
        return Limits(**{name: getattr(self, name) for name in told})

    def __post_init__(self) -> None:
        """Check what the types do not say.

        Raises:
            SettingsError: a value is out of range, or two do not go together.
        """
        for item in fields(self):
            if BOUNDS in item.metadata:
                check_range(item.name, getattr(self, item.name), item.metadata[BOUNDS])
        if not self.host.strip():
            raise SettingsError("host is empty: that would be every address; say 0.0.0.0 for it")
        if self.tone_step_ms and self.model != "tone":
            raise SettingsError(f"tone_step_ms is for model tone, not for {self.model}")
        check_choice("role", self.role, ("all", "calls", "notes"))
        self.check_keeping()
        read_aliases(_listed(self.voice_aliases))
        check_hosts(_listed(self.allowed_hosts))
        check_origins(self.origins)
        check_certificate(self.tls_cert, self.tls_key)
        check_descriptors(self.max_connections, self.max_notes)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.split(","))))
