import pytest

from protocol.codec import MAX_DEPTH, MAX_ITEMS, MAX_MESSAGE_BYTES, MAX_TOTAL_ITEMS
from protocol.codes import ErrorCode
from protocol.encodings import BYTES_PER_SAMPLE, G711_RATE_HZ
from protocol.errors import CloseCode
from protocol.fields import (
    MAX_LEXICON_ENTRIES,
    MAX_SAID_CHARS,
    MAX_WORD_CHARS,
    VOICE_ID,
    Reader,
)
from protocol.messages import Limits
from protocol.schema import CLIENT_SCHEMAS, LIMITS, SERVER_SCHEMAS
from protocol.streams import MAX_AUDIO_PER_SECOND
from server.websocket.live_stream import MAX_WAITING_FLUSHES
from server.websocket.outbox import MAX_OUTBOX
from tests.protocol.diagram import with_diagram
from tests.protocol.specified import TEXT, Edges, edges, number, section, table

SCHEMAS = CLIENT_SCHEMAS | SERVER_SCHEMAS
FIELDS = [(name, field.key) for name, schema in SCHEMAS.items() for field in schema.fields]
#: What the page says with numbers in the middle of a sentence, by its heading.
SENTENCES = [
    ("## Framing", f"at most {MAX_DEPTH} levels of maps and arrays, {MAX_ITEMS} items in any"),
    ("## Framing", f"items in any of them and {MAX_TOTAL_ITEMS:,} in all"),
    ("## Framing", f"A server's has at most {MAX_MESSAGE_BYTES:,} bytes"),
    ("## Encodings", f"G.711, whose rate is {G711_RATE_HZ:,} Hz"),
    ("#### `open`", f"`{VOICE_ID.pattern}`"),
    ("#### `open`", f"instead of each: at most {MAX_LEXICON_ENTRIES} entries"),
    ("#### `open`", f"has {MAX_WORD_CHARS} characters at most, and may have"),
    ("#### `open`", f"a string of at most {MAX_SAID_CHARS} characters, which is said"),
    ("#### `flush`", f"At most {MAX_WAITING_FLUSHES:,} of them may wait for their audio"),
    ("#### `audio`", f"At least one sample, at most {1000 // MAX_AUDIO_PER_SECOND} ms of them"),
    ("## Faults of the connection", f"| {CloseCode.POLICY} | the server's policy, as an idle"),
    ("## Faults of the connection", f"more than {MAX_OUTBOX:,} answers that the client does not"),
]


def rows(name: str) -> dict[str, list[str]]:
    """Return the fields of a message as the page lists them, without their question marks."""
    listed = table(f"#### `{name}`") if SCHEMAS[name].fields else {}
    return {key.rstrip("?"): cells for key, cells in listed.items()}


def assert_edges(read: Reader, expected: Edges) -> None:
    for value in expected.takes:
        assert read(value) == value
    for value in expected.refuses:
        with pytest.raises(ValueError, match="must"):
            read(value)


def test_the_diagram_is_the_table() -> None:
    assert with_diagram(TEXT) == TEXT


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_specification_names_every_field_of_every_message(name: str) -> None:
    fields = SCHEMAS[name].fields
    listed = list(table(f"#### `{name}`")) if fields else []
    assert listed == [f.key if f.required else f"{f.key}?" for f in fields]


@pytest.mark.parametrize(("name", "key"), FIELDS)
def test_a_field_takes_what_the_specification_says_and_nothing_beyond(name: str, key: str) -> None:
    kind, meaning = rows(name)[key]
    (field,) = [field for field in SCHEMAS[name].fields if field.key == key]
    assert_edges(field.read, edges(kind, meaning))


def test_the_encodings_are_those_of_the_specification() -> None:
    listed = {name: int(cells[0]) for name, cells in table("## Encodings").items()}
    assert listed == BYTES_PER_SAMPLE


def test_the_limits_of_a_connection_are_those_of_the_specification() -> None:
    listed = {key: number(cells[0]) for key, cells in table("## Limits").items()}
    defaults = Limits()
    assert listed == {field.key: getattr(defaults, field.attribute) for field in LIMITS.fields}
    for field in LIMITS.fields:
        assert_edges(field.read, edges("seconds" if field.key.endswith("_s") else "count", ""))


@pytest.mark.parametrize(("heading", "sentence"), SENTENCES, ids=lambda text: text[:20])
def test_a_number_in_a_sentence_is_the_one_that_holds(heading: str, sentence: str) -> None:
    assert sentence in " ".join(section(heading).split())


def test_the_specification_says_of_every_code_whether_to_retry() -> None:
    listed = {code: cells[0] for code, cells in table("## Error codes").items()}
    assert listed == {c.value: "yes" if c.retryable else "no" for c in ErrorCode}


def test_the_specification_names_every_close_code() -> None:
    # 1011 is the server's own, for a fault that no client brings about.
    assert {int(code) for code in table("## Faults of the connection")} == {*CloseCode, 1011}
