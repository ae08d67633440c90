"""The golden vectors, for clients in other languages.

`python -m tests.protocol.golden` writes them anew; a difference is a change of the wire.
"""

import json
from dataclasses import asdict
from pathlib import Path

from protocol import messages as m
from protocol.codec import encode
from protocol.codes import ErrorCode
from protocol.connection import Role
from protocol.schema import CLIENT_SCHEMAS, TYPE_NAMES
from tests.protocol.golden_bytes import ENCODINGS, REFUSED
from tests.protocol.worked_example import Step, replay

FOLDER = Path(__file__).parent / "vectors"

VECTORS: dict[str, m.ClientMessage | m.ServerMessage] = {
    "open": m.Open(
        1,
        voice="default",
        reference=m.Reference(b"RIFF\x00\xff", "Grüße, 世界"),
        language="en-GB",
        sample_rate=24_000,
        speed=1.25,
        pitch=-2.0,
        volume_db=-3.5,
        normalize=False,
        lexicon={"Łódź": "woodge", "C++": "see plus plus"},
        seed=2**53 - 1,
        temperature=0.7,
        top_p=0.9,
        repetition_penalty=1.1,
        credit=48_000,
        service_class="note",
    ),
    "open_telephone": m.Open(1, sample_rate=8000, encoding="mulaw"),
    "open_minimal": m.Open(2**31 - 1),
    "text": m.Text(1, "Zażółć 🎙"),
    "flush": m.Flush(1, "sentence-1"),
    "end": m.End(1),
    "cancel": m.Cancel(1, played=12_000),
    "credit": m.Credit(1, 2**31 - 1, played=65_536),
    "ping": m.Ping(7),
    "bye": m.Bye(),
    "ready": m.Ready("3f2a", "s1", 44_100, m.Limits()),
    "opened": m.Opened(1, 24_000),
    "audio": m.Audio(1, 4800, b"\x00\x00\xff\x7f\x00\x80"),
    "audio_telephone": m.Audio(1, 4800, b"\xff\x00\x80"),
    "mark": m.Mark(1, 4800, 0, 5, "word"),
    "flushed": m.Flushed(1, "sentence-1", 9600),
    "blocked": m.Blocked(1, 48_000),
    "done": m.Done(1, 48_000, "end"),
    "cancelled": m.Cancelled(1, 14_400, heard=5),
    "error": m.Error(ErrorCode.OVERLOADED, "no room", retryable=True, stream=1, retry_after_s=1.5),
    "error_connection": m.Error(ErrorCode.BAD_MESSAGE, "unknown type", retryable=False),
    "pong": m.Pong(7),
    "draining": m.Draining(30.0),
}


def documents() -> dict[Path, str]:
    """Return the JSON files beside the vectors, binary fields in hex."""
    contents: dict[str, object] = {
        "index": {
            name: {"file": path(name).name} | _entry(message) for name, message in VECTORS.items()
        },
        "encodings": {
            name: {"hex": data.hex()} | _entry(message)
            for name, (data, message) in ENCODINGS.items()
        },
        "refused": {
            name: {"hex": refused.data.hex(), "code": refused.code, "close": refused.close_code}
            for name, refused in REFUSED.items()
        },
        "conversation": [_step(step) for step in replay()],
    }
    return {
        FOLDER / f"{name}.json": json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        for name, content in contents.items()
    }


def path(name: str) -> Path:
    """Return where the bytes of a vector lie."""
    return FOLDER / f"{name}.msgpack"


def _entry(message: m.ClientMessage | m.ServerMessage) -> dict[str, object]:
    type_name = TYPE_NAMES[type(message)]
    return {
        "from": "client" if type_name in CLIENT_SCHEMAS else "server",
        "type": type_name,
        "fields": _plain(asdict(message)),
    }


def _step(step: Step) -> dict[str, object]:
    counts = {"granted": step.granted, "sent": step.sent}
    entry = _entry(step.message) | {key: n for key, n in counts.items() if n is not None}
    return entry | {"ignored": step.ignored} if step.sender is Role.SERVER else entry


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        # Silence would fill the page.
        return {"hex": value.hex()} if any(value) else {"zeros": len(value)}
    if isinstance(value, dict):
        names = {"service_class": "class"}
        items = {names.get(key, key): _plain(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item is not None}
    return value


if __name__ == "__main__":
    for name, message in VECTORS.items():
        path(name).write_bytes(encode(message))
    for document, text in documents().items():
        document.write_text(text, encoding="utf-8")
