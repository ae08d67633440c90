import pytest

from protocol.codec import decode_client, decode_server, encode
from protocol.connection import Role
from protocol.errors import RemoteProtocolError, StreamFault
from protocol.messages import Audio, Cancelled
from protocol.schema import CLIENT_SCHEMAS, SERVER_SCHEMAS, TYPE_NAMES
from tests.protocol.golden import FOLDER, VECTORS, documents, path
from tests.protocol.golden_bytes import ENCODINGS, REFUSED
from tests.protocol.worked_example import replay


@pytest.mark.parametrize("name", VECTORS)
def test_the_bytes_of_every_message_stay_what_they_are(name: str) -> None:
    data, message = path(name).read_bytes(), VECTORS[name]
    assert encode(message) == data
    decode = decode_client if type_of(name) in CLIENT_SCHEMAS else decode_server
    assert decode(data) == message


def test_every_type_has_its_vector() -> None:
    assert {type_of(name) for name in VECTORS} == {*CLIENT_SCHEMAS, *SERVER_SCHEMAS}


def test_the_files_are_those_that_are_described() -> None:
    for document, text in documents().items():
        assert document.read_text(encoding="utf-8") == text
    assert set(FOLDER.iterdir()) == {*documents(), *map(path, VECTORS)}


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_message_may_come_in_any_form_that_msgpack_has(name: str) -> None:
    data, message = ENCODINGS[name]
    assert data != encode(message)
    decode = decode_client if TYPE_NAMES[type(message)] in CLIENT_SCHEMAS else decode_server
    assert decode(data) == message


@pytest.mark.parametrize("name", REFUSED)
def test_refused_bytes_cost_the_connection_or_their_stream(name: str) -> None:
    refused = REFUSED[name]
    cost: RemoteProtocolError | StreamFault
    try:
        decode_client(refused.data)
    except RemoteProtocolError as error:
        cost, close_code, stream = error, error.close_code, None
    except StreamFault as fault:
        cost, close_code, stream = fault, None, fault.stream
    assert (cost.code, close_code) == (refused.code, refused.close_code)
    assert stream == (7 if refused.close_code is None else None)


def test_the_worked_example_of_the_specification_can_be_said() -> None:
    steps = replay()
    assert [step.message for step in steps if step.ignored] == [Audio(1, 28_800, bytes(9600))]
    (cancelled,) = [step for step in steps if isinstance(step.message, Cancelled)]
    assert cancelled.message == Cancelled(1, 33_600, heard=0)
    counts = [(step.granted, step.sent) for step in steps if step.type == "blocked"]
    assert counts == [(24_000, 24_000)]
    assert steps[-1].sender is Role.CLIENT


def type_of(name: str) -> str:
    return TYPE_NAMES[type(VECTORS[name])]
