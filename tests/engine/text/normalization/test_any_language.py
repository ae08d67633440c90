"""What is the same in all languages: Markdown, emojis and markers."""

import pytest
from emoji import EMOJI_DATA

from tests.engine.text.speaking import said

MARKDOWN = {
    "**bold**, *it* and __both__": "bold, it and both",
    "_so_ ~~not~~ `code`": "so not code",
    "half**bold**": "halfbold",
    "**[one](http://x.y)**, _[two](http://x.y)_ and **🙂**": "one, two and ",
    "# Heading": "Heading",
    "one\n\n## Two": "one\n\nTwo",
    "- item\n* item\n> quoted": "item\nitem\nquoted",
    "- [x] done": "done",
    "[the page](http://x.y/z_(a)) here": "the page here",
    "![picture](a.png)": "picture",
    "so <http://x> it is": "so http://x it is",
    # Cut between its words, a link is two halves.
    "rest of it](http://x.y)": "rest of it",
    "```python\nx\n```": "\nx\n",
    "| a | b |": "a, b",
    "|---|:-:|": "",
    "***": "",
}
EMOJIS = {
    "Hi 🙂!": "Hi!",
    "🙂": "",
    "👨\u200d👩\u200d👧 👍🏽 🇩🇪 ❤️": "",
    "© 2️⃣": "©",
}
UNTOUCHED = [
    "a * b, snake_case, 2 > 1, [sic] and (see below)",
    "(excited) Hello! [happy] (in a hurry tone)",
    "これは日本語です。",
    "x | y",
]


@pytest.mark.parametrize("language", ["en", "tlh"])
@pytest.mark.parametrize("written", MARKDOWN | EMOJIS, ids=ascii)
def test_what_is_only_seen_is_not_said(written: str, language: str) -> None:
    assert said(written, language) == (MARKDOWN | EMOJIS)[written]


@pytest.mark.parametrize("written", UNTOUCHED[:-1], ids=ascii)
def test_what_is_neither_markdown_nor_emoji_is_left_alone(written: str) -> None:
    assert said(written, "tlh") == written


def test_every_emoji_that_the_library_knows_is_dropped() -> None:
    signs = {"©", "®", "™"}
    assert [known for known in EMOJI_DATA if known not in signs and said(f"a{known}") != "a"] == []


def test_a_language_without_rules_keeps_its_numbers_and_addresses() -> None:
    assert said("**5** km, a_b@c.de", "tlh") == "5 km, a_b@c.de"


def test_markers_are_kept_from_the_lexicon_too() -> None:
    lexicon = {"happy": "glad", "excited": "keen"}
    assert said("[happy] (excited) happy", "en", lexicon) == "[happy] (excited) glad"
