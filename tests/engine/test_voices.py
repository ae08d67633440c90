"""How a request's voice and language become one voice of the catalogue."""

import pytest

from engine.errors import UnknownVoice
from engine.voices import Voice, VoiceCatalogue

CATALOGUE = VoiceCatalogue(
    [
        Voice("anna", "Anna", ("de", "en-GB")),
        Voice("bob", "Bob", ("en-US",)),
        Voice("carol", "Carol", ("en-GB",)),
        Voice("joao", "João", ("pt-BR", "pt-PT")),
    ],
    default="bob",
    variants=["f1", "whisper"],
)


@pytest.mark.parametrize(
    ("name", "language", "expected"),
    [
        (None, None, "bob"),
        ("default", None, "bob"),
        ("anna", None, "anna"),
        ("anna", "de", "anna"),
        ("anna", "de-AT", "anna"),
        ("anna", "EN-gb", "anna"),
        # Without a name the language chooses: an exact match, then the default, then the first.
        (None, "en-GB", "anna"),
        (None, "en", "bob"),
        (None, "en-AU", "bob"),
        (None, "de", "anna"),
        (None, "PT", "joao"),
        (None, "pt-pt", "joao"),
        # An alias is no name of its own.
        ("alloy", None, "bob"),
        ("933563129e564b19a115bedd57b7406a", "de", "anna"),
        ("nova+f1", None, "bob+f1"),
        # A variant stays with the voice it colours.
        ("anna+f1", None, "anna+f1"),
        ("default+whisper", "de", "anna+whisper"),
    ],
)
def test_a_voice_is_found(name: str | None, language: str | None, expected: str) -> None:
    assert CATALOGUE.resolve(name, language) == expected


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("dave", None),
        ("Anna", None),
        ("bob", "de"),
        (None, "ja"),
        ("anna+nope", None),
        ("dave+f1", None),
        ("+f1", None),
        ("", None),
        ("", "ja"),
        ("Alloy", None),
    ],
)
def test_what_does_not_exist_is_an_unknown_voice(name: str | None, language: str | None) -> None:
    with pytest.raises(UnknownVoice):
        CATALOGUE.resolve(name, language)


def test_the_catalogue_lists_its_voices_in_order_without_variants() -> None:
    assert [voice.id for voice in CATALOGUE] == ["anna", "bob", "carol", "joao"]
    assert len(CATALOGUE) == 4
    assert CATALOGUE.variants == {"f1", "whisper"}


def test_every_alias_is_listed_with_the_voice_behind_it() -> None:
    assert len(CATALOGUE.aliases) == 15
    assert set(CATALOGUE.aliases.values()) == {"bob"}
    assert {CATALOGUE.resolve(name, None) for name in CATALOGUE.aliases} == {"bob"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alloy", "anna+f1"),
        ("echo", "stored"),
        ("nova", "nova"),
        # As if it had been asked for by that name.
        (None, "carol"),
        ("default", "carol"),
        ("default+whisper", "carol+whisper"),
        ("anna", "anna"),
        # In place of a voice of that name.
        ("bob", "joao"),
    ],
)
def test_a_name_that_was_given_stands_for_a_voice_of_the_models_or_another_one(
    name: str | None, expected: str
) -> None:
    names = {"alloy": "anna+f1", "echo": "stored", "default": "carol", "bob": "joao"}
    named = CATALOGUE.with_names(names)
    assert named.behind(name) == expected
    assert CATALOGUE.behind(name) == name
    assert named.aliases == {**CATALOGUE.aliases, **names}
    assert list(named) == list(CATALOGUE)


def test_a_voice_of_the_models_own_goes_before_an_alias() -> None:
    voices = [Voice("alloy", "An alloy", ("en",)), Voice("bob", "Bob", ("de",))]
    own = VoiceCatalogue(voices, default="bob")
    assert own.resolve("alloy", None) == "alloy"
    assert "alloy" not in own.aliases
