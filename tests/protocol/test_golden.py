import pytest

from protocol.codec import decode_client, decode_server, encode
from protocol.schema import CLIENT_SCHEMAS, SERVER_SCHEMAS, TYPE_NAMES
from tests.protocol.golden import FOLDER, INDEX, VECTORS, index, path


@pytest.mark.parametrize("name", VECTORS)
def test_the_bytes_of_every_message_stay_what_they_are(name: str) -> None:
    data, message = path(name).read_bytes(), VECTORS[name]
    assert encode(message) == data
    decode = decode_client if type_of(name) in CLIENT_SCHEMAS else decode_server
    assert decode(data) == message


def test_every_type_has_its_vector() -> None:
    assert {type_of(name) for name in VECTORS} == {*CLIENT_SCHEMAS, *SERVER_SCHEMAS}


def test_the_index_describes_every_file() -> None:
    assert INDEX.read_text(encoding="utf-8") == index()
    assert {file.stem for file in FOLDER.glob("*.msgpack")} == set(VECTORS)


def type_of(name: str) -> str:
    return TYPE_NAMES[type(VECTORS[name])]
