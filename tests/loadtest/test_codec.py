"""The codec's bench counts seconds a frame, whatever the rows and frames of a call."""

from loadtest.codec import _figure, _line, _measure
from tests.engine.s1.codec.tiny import tiny_codec


def test_a_call_is_measured_by_its_frames() -> None:
    figure = _measure(tiny_codec().decoder, rows=2, frames=3, repeats=1)
    assert (figure["rows"], figure["frames"]) == (2, 3)
    assert 0 < figure["seconds_a_frame"] < 1


def test_a_frame_takes_its_part_of_the_fastest_call() -> None:
    figure = _figure(2, 3, [9.0, 6.0, 7.0], [18.0, 13.0, 12.0])
    assert (figure["seconds_a_frame"], figure["cpu_seconds_a_frame"]) == (1.0, 2.0)


def test_a_line_compares_with_whole_decoding() -> None:
    whole = {"rows": 1, "frames": 16, "seconds_a_frame": 0.04, "cpu_seconds_a_frame": 0.08}
    single = {"rows": 1, "frames": 1, "seconds_a_frame": 0.06, "cpu_seconds_a_frame": 0.12}
    assert _line(single, whole).split() == ["1", "1", "60.0", "120.0", "1.50"]
