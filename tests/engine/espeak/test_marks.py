import pytest

from engine.runners.espeak.runner import EspeakRunner
from engine.steps import WordMark
from tests.engine.espeak.speaking import admit, say, speak

CASES = [
    ("Hello there, my friend!", ["Hello", "there", "my", "friend"]),
    ('He said "yes" (twice).', ["He", "said", "yes", "twice"]),
    ("It cost 1,234.5 euros", ["It", "cost", "1,234.5", "euros"]),
    ("A well-known, state-of-the-art idea", ["A", "well-known", "state-of-the-art", "idea"]),
    ("don't 'quote' the dogs' tail", ["don't", "quote", "the", "dogs", "tail"]),
    ("one of the best of them", ["one", "of", "the", "best", "of", "them"]),
    ("cafe\u0301 \u00e9te\u0301 now", ["cafe\u0301", "\u00e9te\u0301", "now"]),
    ("then\u2014at last\u2026 end", ["then", "at", "last", "end"]),
    ("9999999999 99 times", ["9999999999", "99", "times"]),
    ("\x00a\x01b \ud800 c", ["a", "b", "c"]),
]


@pytest.mark.parametrize(("text", "words"), CASES)
def test_every_word_has_one_mark(runner: EspeakRunner, text: str, words: list[str]) -> None:
    assert say(runner, text).words(text) == words


def test_every_ideograph_is_a_word(runner: EspeakRunner) -> None:
    text = "你好世界。我们很好。"
    spoken = say(runner, text, voice="cmn")
    assert spoken.words(text) == list("你好世界我们很好")
    assert len({mark.at for mark in spoken.marks}) == 8


@pytest.mark.parametrize(
    ("voice", "text", "words"),
    [
        ("ja", "か\u3099っこう", ["か\u3099", "っ", "こ", "う"]),
        ("ja", "ｶﾀｶﾅ", list("ｶﾀｶﾅ")),
        ("cmn", "ㄅㄆㄇ", list("ㄅㄆㄇ")),
        ("th", "ยินดี", ["ยิ", "น", "ดี"]),
        ("th", "๑๒๓ครับ", ["๑๒๓", "ค", "รั", "บ"]),
        ("my", "နေကောင်း", ["နေ", "ကော", "င်း"]),
        ("cmn", "我有iPhone15手机2024年", ["我", "有", "iPhone15", "手", "机", "2024", "年"]),
    ],
)
def test_where_no_spaces_are_written_every_letter_with_its_marks_is_a_word(
    runner: EspeakRunner, voice: str, text: str, words: list[str]
) -> None:
    assert say(runner, text, voice=voice).words(text) == words


@pytest.mark.parametrize("num_frames", [1, 3, 1000])
def test_a_mark_comes_with_the_row_that_holds_its_sample(
    runner: EspeakRunner, num_frames: int
) -> None:
    admit(runner, 1)
    begin = 0
    marks: list[WordMark] = []
    for row in speak(runner, "One, two; 345 and six hundred.", num_frames=num_frames).rows:
        assert all(begin <= mark.at <= begin + len(row.pcm) for mark in row.marks)
        begin += len(row.pcm)
        marks += row.marks
    assert marks == sorted(marks, key=lambda mark: mark.at)
    assert marks[0].at == 0


def test_a_mark_stands_where_the_word_begins_to_sound(runner: EspeakRunner) -> None:
    alone = len(say(runner, "Hello there,").pcm)
    friend = say(runner, "Hello there, my friend.").marks[2]
    assert friend.at == pytest.approx(alone, abs=50)
