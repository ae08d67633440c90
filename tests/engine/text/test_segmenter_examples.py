"""What is cut where, in several languages, under the default rules."""

# Look-alikes of punctuation are the subject.
# ruff: noqa: RUF001

import sys

import pytest

from engine.text.segment import SegmentRules
from engine.text.segmenter import Segmenter


def cut(*pieces: str, rules: SegmentRules | None = None) -> list[str]:
    segmenter = Segmenter(rules or SegmentRules())
    segments = [segment for piece in pieces for segment in segmenter.feed(piece)]
    return [segment.text for segment in segments + segmenter.flush()]


BORDERS = {
    "a short clause waits for the next": "Sure, I can do that.| What is your name?",
    "clauses": "After the long rain,| the sun came out:| it was warm;| everyone went for a walk",
    "closing quotes": '"I do not know."| (That is all right.)| And then what?!| Bye.',
    "abbreviated titles": "I saw Mr. Smith and Dr. Jones,| and nobody else at all.",
    "initials": "It was J. R. R. Tolkien himself.| So it was.",
    "dotted letters": "They like fruit,| e.g. apples and pears.| We call it the U.S. Army here.",
    "number signs": "This is No. 5 of ten.| I told you:| No. I will not.",
    "list endings": "Bread, milk, etc. are all gone.| We need bread etc.| Then we can eat.",
    "numbers": "It is 3.14 or 1,234.5 at 10:30.| That is all.",
    "addresses": "See https://example.com/a?b=1.5 or write a.b@c.de now.| Thank you so much.",
    "versions": "Please install v1.2.3 of it.| Then start it.",
    "ellipsis": "I was thinking...| maybe we should wait…not.",
    "lines": "The first line|\nThe second line|\r\n\r\nThe third line",
    "dash": "He went home—|it was late already—|and fell asleep.",
}
LANGUAGES = {
    "German": "Wir treffen uns am 3. Mai um zehn.| „Das ist gut.“| Er lachte z. B. sehr laut.",
    "French": "Il a dit\u00a0:| «\u00a0Bonjour à tous.\u00a0»| Où est M. Dupont\u00a0?| Oui.",
    "Spanish": "¿Dónde está el Sr. García?| Se fue —sin decir nada—| a su casa.",
    "Russian": "Это А. С. Пушкин,| великий русский поэт.| Он родился в Москве.",
    "Greek": "Τι κάνεις εσύ σήμερα;| Είμαι πολύ καλά.",
    "Arabic": "مرحبا بك يا صديقي،| كيف حالك اليوم؟| أنا بخير.",
    "Hindi": "मेरा नाम राम है।| आप कैसे हैं?",
    "Armenian": "Ես շատ լավ եմ։| Իսկ դուք ինչպես եք։",
    "Amharic": "እኔ በጣም ደህና ነኝ።| አንተስ እንዴት ነህ፧",
    "Chinese": "你好，我是你的助手。|今天是3.5度，|我们去公园玩吧！|“好的，没有问题。”|他马上说。",
    "Japanese": "今日はいい天気ですね。|「私もそう思います。」|と彼は言った。",
    "Korean": "저는 학생이 아닙니다.| 당신은 누구십니까?",
    "Thai": "สวัสดีครับ| ผมชื่อสมชาย| ยินดีที่ได้รู้จัก",
}


@pytest.mark.parametrize(
    "marked", [*BORDERS.values(), *LANGUAGES.values()], ids=[*BORDERS, *LANGUAGES]
)
def test_text_is_cut_where_it_is_marked(marked: str) -> None:
    expected = [piece.strip() for piece in marked.split("|") if piece.strip()]
    assert cut(marked.replace("|", "")) == expected


@pytest.mark.parametrize(
    ("text", "following"),
    [("That is about 3.", "14"), ("Please go to example.", "com"), ("It costs about 1,", "234")],
)
def test_a_mark_at_the_end_waits_for_its_next_character(text: str, following: str) -> None:
    segmenter = Segmenter(SegmentRules())
    assert segmenter.feed(text) == []
    assert segmenter.feed(following) == []
    assert [segment.text for segment in segmenter.flush()] == [text + following]


@pytest.mark.parametrize(
    "text", ["I can do that.", "I can do that,", "他去公园玩了，", "I can do that!”"]
)
def test_one_following_character_decides_a_border(text: str) -> None:
    segmenter = Segmenter(SegmentRules())
    assert segmenter.feed(text) == []
    assert [segment.text for segment in segmenter.feed("你" if "他" in text else " ")] == [text]


def test_a_run_of_words_is_cut_before_the_word_that_is_too_many() -> None:
    words = [f"word{number}" for number in range(30)]
    rules = SegmentRules(first_max_words=4, max_words=10)
    expected = [words[:4], words[4:14], words[14:24], words[24:]]
    assert cut(" ".join(words), rules=rules) == [" ".join(piece) for piece in expected]


def test_after_a_flush_the_limit_of_the_first_segment_is_gone() -> None:
    rules = SegmentRules(first_max_words=2, max_words=5)
    segmenter = Segmenter(rules)
    segmenter.feed("one")
    assert [segment.text for segment in segmenter.flush()] == ["one"]
    assert segmenter.feed("a b c d e") == []
    assert [segment.text for segment in segmenter.feed(" f")] == ["a b c d e"]


@pytest.mark.parametrize(
    ("text", "spoken", "kept"),
    [
        ("Sure.", "Sure.", ""),
        ("Let me che", "Let me", "che"),
        ("Let me see ", "Let me see", ""),
        ("It is 3.", "It is", "3."),
        ("I met Mr.", "I met", "Mr."),
        ("I said no.”", "I said no.”", ""),
        ("Hel", "", "Hel"),
        ("   ", "", ""),
    ],
)
def test_time_running_out_gives_all_but_the_unfinished_word(
    text: str, spoken: str, kept: str
) -> None:
    segmenter = Segmenter(SegmentRules())
    assert segmenter.feed(text) == []
    assert "".join(segment.text for segment in segmenter.expire()) == spoken
    assert segmenter.pending == bool(kept)
    assert "".join(segment.text for segment in segmenter.flush()) == kept


@pytest.mark.parametrize(
    "cluster", ["x", "e\u0301", "👨\u200d👩\u200d👧", "🇩🇪", "\ud83d\ude00", "👍🏽"]
)
def test_a_word_without_end_is_cut_between_what_is_drawn_as_one(cluster: str) -> None:
    text = cluster * (10_000 // len(cluster))
    segments = cut(text)
    assert "".join(segments) == text
    assert all(len(segment) % len(cluster) == 0 for segment in segments)
    assert max(map(len, segments)) <= SegmentRules().max_chars


@pytest.mark.parametrize(
    "unit", ["x", "word, and ", "你", " ", ".", "(", "\u0301", "a" + " " * 500]
)
@pytest.mark.parametrize("max_chars", [120, 50_000])
def test_work_per_character_does_not_grow_with_the_text(unit: str, max_chars: int) -> None:
    def steps(length: int) -> int:
        segmenter = Segmenter(SegmentRules(max_chars=max_chars))
        counted = 0

        def count(_frame: object, event: str, _argument: object) -> None:
            nonlocal counted
            counted += event in ("call", "c_call")

        sys.setprofile(count)
        try:
            for char in (unit * length)[:length]:
                segmenter.feed(char)
        finally:
            sys.setprofile(None)
        return counted

    # Four times the text costs four times as much; what grows with its square would cost sixteen.
    assert steps(8_000) <= 2 * 4 * steps(2_000)
