"""A text over streams that are shorter: whole, cut at sentences, and the same however written."""

import pytest

from protocol.integrations.splitting import stream_end

MAX_CHARS = 80
SENTENCES = 'One is said. "Is two?" Then three! Four, and so on… Five is more. ' * 6


def parts(text: str) -> list[str]:
    begin, found = 0, []
    while (end := stream_end(text, begin, MAX_CHARS)) is not None:
        found.append(text[begin:end])
        begin = end
    return [*found, text[begin:]]


@pytest.mark.parametrize("text", [SENTENCES, "word " * 60, "x" * 300, "一二三四五六。" * 40])
def test_its_parts_are_the_whole_text_and_none_is_longer_than_a_stream_may_be(text: str) -> None:
    assert "".join(parts(text)) == text
    assert all(0 < len(part) <= MAX_CHARS for part in parts(text)[:-1])


def test_each_part_ends_with_a_sentence() -> None:
    assert len(parts(SENTENCES)) > 4
    assert all(part.rstrip()[-1] in '.?!…"' for part in parts(SENTENCES) if part)


def test_a_sentence_that_is_too_long_is_cut_between_words() -> None:
    assert all(part.endswith("word ") for part in parts("word " * 60) if part)


@pytest.mark.parametrize("text", [SENTENCES, "word " * 60, "x" * 300, "一二三四五六。" * 40])
def test_where_a_part_ends_is_known_before_more_was_written_and_never_changes(text: str) -> None:
    end = stream_end(text, 0, MAX_CHARS)
    assert end is not None
    for written in range(len(text)):
        assert stream_end(text[:written], 0, MAX_CHARS) == (end if written >= end else None)
