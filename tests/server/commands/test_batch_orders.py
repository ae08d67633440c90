"""The identity of what is ordered: by it a note is known again, and told from others."""

from pathlib import Path

import pytest

from server.commands.batch.orders import Order, OrderForm
from server.commands.batch.scripts import Script
from tests.helpers.batches import parsed


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "one.txt"
    source.write_text("A text.")
    return source


def order(source: Path, *arguments: str, model: str = "", name: str = "one.wav") -> Order:
    flags = parsed(str(source), "--out", "out", *arguments)
    return OrderForm(flags, model).request(Script(source, Path("out") / name)).order


def test_the_same_order_is_known_again(source: Path) -> None:
    assert order(source) == order(source)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--format", "opus"], ["--voice", "v"], ["--language", "fr"], ["--speed", "2"],
        ["--pitch", "1"], ["--volume-db", "1"], ["--sample-rate", "8000"], ["--normalize"],
    ],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_every_parameter_makes_another_sound_and_another_note(
    source: Path, arguments: list[str]
) -> None:
    plain, other = order(source), order(source, *arguments)
    assert plain.digest != other.digest
    assert plain.key != other.key


def test_another_text_or_model_does_so_too(source: Path) -> None:
    plain, of_model = order(source), order(source, model="tone")
    source.write_text("Another text.")
    assert len({plain.digest, of_model.digest, order(source).digest}) == 3


@pytest.mark.parametrize(("arguments", "name"), [(["--priority", "low"], "one.wav"), ([], "2.wav")])
def test_another_name_or_priority_is_another_note_that_sounds_the_same(
    source: Path, arguments: list[str], name: str
) -> None:
    plain, other = order(source), order(source, *arguments, name=name)
    assert plain.digest == other.digest
    assert plain.key != other.key


def test_a_key_is_one_that_a_server_takes(source: Path) -> None:
    assert len(order(source, name="caf\udce9.wav").key) == 64
