"""What a checkpoint reads, and in which language."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
from transformers import VitsTokenizer

from engine.errors import ModelUnavailable
from engine.runners.vits.languages import tags
from engine.runners.vits.reader import TextReader, read_tokenizer
from tests.engine.vits.tiny import VOCABULARY, make_runner, write_checkpoint


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    kinds: dict[str, dict[str, object]] = {
        "roman": {"is_uroman": True},
        "phonemes": {"phonemize": True},
        "bare": {"add_blank": False},
    }
    return {
        name: write_checkpoint(tmp_path_factory.mktemp(name), fields)
        for name, fields in kinds.items()
    }


def tokens(folder: Path, text: str) -> list[int]:
    return read_tokenizer(folder, len(VOCABULARY))[0](text)


def test_text_becomes_what_the_library_makes_of_it(checkpoint: Path) -> None:
    library = VitsTokenizer.from_pretrained(checkpoint)
    text = "Hello, you there: it's 9."
    assert tokens(checkpoint, text) == library(text)["input_ids"]


@pytest.mark.parametrize("text", ["", " ", "\u2603", "?!"])
def test_text_without_a_known_character_has_no_tokens(
    checkpoint: Path, folders: dict[str, Path], text: str
) -> None:
    assert tokens(checkpoint, text) == []
    assert tokens(folders["bare"], text) == []


def test_an_unknown_token_beyond_the_table_is_left_out(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, {"normalize": False, "add_blank": False})
    assert tokens(folder, "a\u2603b") == [VOCABULARY["a"], VOCABULARY["b"]]


def test_other_scripts_are_romanised_where_the_checkpoint_wants_it(checkpoint: Path) -> None:
    library = VitsTokenizer.from_pretrained(checkpoint)
    reader = TextReader(library, len(VOCABULARY), {"привет": "privet"}.__getitem__)
    assert reader("Привет") == library("privet")["input_ids"]
    # Latin letters need no table.
    assert reader("Hello") == library("hello")["input_ids"]


def test_the_romaniser_is_told_the_language(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Uroman:
        def romanize_string(self, text: str, lcode: str | None) -> str:
            return f"{len(text)} {lcode}"

    library = ModuleType("uroman")
    library.Uroman = Uroman  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "uroman", library)
    found = tokens(folders["roman"], "при")
    assert found == tokens(folders["roman"], "3 eng")
    assert len(found) == 11


@pytest.mark.parametrize(("kind", "needed"), [("roman", "uroman"), ("phonemes", "phonemizer")])
def test_a_library_that_a_checkpoint_needs_is_named(
    folders: dict[str, Path], kind: str, needed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, needed, None)
    with pytest.raises(ModelUnavailable, match=rf"pip install {needed}"):
        read_tokenizer(folders[kind], len(VOCABULARY))


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("eng", ("en", "eng")),
        ("azj-script_cyrillic", ("az", "azj")),
        ("quz", ("qu", "quz")),
        ("bvr", ("bvr",)),
        ("en", ("en",)),
        ("en-us", ("en",)),
    ],
)
def test_a_language_is_found_under_its_short_code_and_its_own(
    language: str, expected: tuple[str, ...]
) -> None:
    assert tags(language) == expected


def test_a_voice_speaks_the_language_of_the_checkpoint(checkpoint: Path) -> None:
    voices = make_runner(checkpoint).info.voices
    assert voices.resolve(None, "en-GB") == "default"
    assert voices.resolve("alloy", "eng") == "default"
