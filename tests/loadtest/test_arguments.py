"""What a bench cannot measure is refused before it begins, in one line."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from loadtest import ceiling, codec, engine, host
from loadtest.figures import __main__ as figures
from loadtest.notes import beside, durable, memory

WRONG = [
    (host.main, "--steps", "0", "must be 1 or more"),
    (host.main, "--steps", "3000", "at most"),
    (host.main, "--batch", "0", "must be 1 or more"),
    (host.main, "--device", "moon", "no device 'moon'"),
    (engine.main, "--batch", "0", "must be 1 or more"),
    (engine.main, "--batch", "1,x", "invalid numbers: '1,x'"),
    (engine.main, "--batch", "1,100000000", "must be at most 4096"),
    (engine.main, "--json", "/nowhere/found.json", "no folder '/nowhere'"),
    (engine.main, "--json", "/", "'/' is a folder"),
    (engine.main, "--threads", "99999999999", "must be at most"),
    (engine.main, "--device", "meta", "no device 'meta'"),
    (codec.main, "--threads", "0", "must be 1 or more"),
    (engine.main, "--chunk", "0", "must be 1 or more"),
    (engine.main, "--device", "cuda:99", "no device 'cuda:99'"),
    (codec.main, "--repeats", "0", "must be 1 or more"),
    (ceiling.main, "--batch", "0", "must be 1 or more"),
    (ceiling.main, "--tflops", "0", "must be positive"),
    (figures.main, "--seconds", "nan", "must be 0 or more"),
    (beside.main, "--seconds", "0", "must be positive"),
    (durable.main, "--lease-s", "-1", "must be 0 or more"),
    (memory.main, "--seconds", "0", "must be positive"),
]


@pytest.mark.parametrize(("main", "flag", "value", "problem"), WRONG)
def test_what_is_no_bench_is_an_error_of_its_flag(
    main: Callable[[Sequence[str]], int],
    flag: str,
    value: str,
    problem: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as refused:
        main([flag, value])
    assert refused.value.code == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert flag in told
    assert problem in told


def test_a_checkpoint_that_is_none_is_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = torch.get_num_threads()
    try:
        assert engine.main(["--model", str(tmp_path / "nonsense")]) == 1
    finally:
        torch.set_num_threads(before)
    (problem,) = capsys.readouterr().err.splitlines()
    assert "nonsense/config.json" in problem
