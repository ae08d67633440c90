"""The arithmetic of a machine that is not here is that of the bench."""

import pytest

from loadtest import ceiling


def table(capsys: pytest.CaptureFixture[str], *flags: str) -> list[list[float]]:
    assert ceiling.main(flags) == 0
    _, *lines = capsys.readouterr().out.splitlines()
    return [[float(figure) for figure in line.split()] for line in lines]


def test_a_frame_is_its_stages_and_a_batch_reads_the_weights_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    one, many = table(capsys, "--batch", "1,64")
    for _, slow, fast, codec, frame, _ in (one, many):
        assert frame == pytest.approx(slow + fast + codec, abs=0.02)
    assert many[4] < 64 * one[4] / 4
    assert many[5] > 4 * one[5]


def test_twice_the_machine_takes_half_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    half, whole = (
        table(capsys, "--bandwidth-gb-s", str(scale * 100), "--tflops", str(scale))
        for scale in (1, 2)
    )
    for slower, faster in zip(half, whole, strict=True):
        assert slower[4] == pytest.approx(2 * faster[4], rel=1e-3)
