import re

import pytest

from protocol.codes import ErrorCode
from protocol.errors import CloseCode
from protocol.schema import CLIENT_SCHEMAS, SERVER_SCHEMAS
from tests.protocol.diagram import README, with_diagram

TEXT = README.read_text(encoding="utf-8")
ROWS = {
    cells[1].strip(" `"): cells
    for cells in (line.split("|") for line in TEXT.splitlines())
    if len(cells) > 2
}


def test_the_diagram_is_the_table() -> None:
    assert with_diagram(TEXT) == TEXT


@pytest.mark.parametrize("name", [*CLIENT_SCHEMAS, *SERVER_SCHEMAS])
def test_the_specification_names_every_field_of_every_message(name: str) -> None:
    schema = (CLIENT_SCHEMAS | SERVER_SCHEMAS)[name]
    section = TEXT.split(f"#### `{name}`\n")[1].split("\n#")[0]
    fields = re.findall(r"^\| `(\w+)(\??)`", section, re.MULTILINE)
    assert fields == [(f.key, "" if f.required else "?") for f in schema.fields]


@pytest.mark.parametrize("code", ErrorCode)
def test_the_specification_says_of_every_code_whether_to_retry(code: ErrorCode) -> None:
    assert ROWS[code.value][2].strip() == ("yes" if code.retryable else "no")


def test_the_specification_names_every_close_code() -> None:
    assert {str(code.value) for code in CloseCode} <= set(ROWS)
