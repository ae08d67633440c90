"""The figures' own judgement; what they measure is not the subject."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loadtest.figures import bounds as b
from loadtest.figures.bounds import Bound, Runs
from loadtest.figures.measuring import Verdict, judge, measure
from loadtest.figures.table import FIGURES, Figure
from loadtest.scenario import add_arguments, read_scenario

CALLS = (
    *("--hold", "--calls", "2", "--rate", "40"),
    *("--interrupt-after", "0.2", "--settle", "0.2"),
)
SMALL = Figure(
    name="small",
    serve=("--model", "tone"),
    load=CALLS,
    seconds=0.5,
    bounds=(b.cancelled_ms("p99", 1_000), b.NO_FAILURE),
)
COMPARED = replace(
    SMALL,
    load=(*CALLS, "--mute", "1"),
    beside=CALLS,
    bounds=(*SMALL.bounds, b.NOTHING_BEYOND_CREDIT, b.NOTHING_MORE_AFTER),
)


def run(value: float | None, *void: str, kept: bool = True) -> dict[str, Any]:
    return {"void": list(void), "bounds": [{"value": value, "kept": kept}]}


def first_audio(p99_ms: float | None) -> dict[str, Any]:
    return {"first_audio": {"p99_ms": p99_ms}}


@pytest.mark.parametrize("figure", [SMALL, pytest.param(COMPARED, marks=pytest.mark.slow)])
def test_a_figure_is_measured_on_a_server_of_its_own_and_kept_whole(
    figure: Figure, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict = measure(figure, figure.seconds, repeats=1, folder=tmp_path)
    kept = json.loads((tmp_path / "small.json").read_text(encoding="utf-8"))
    (one,) = kept["runs"]
    assert all(check["kept"] for check in one["bounds"])
    assert one["report"]["server"]["cores"] > 0
    assert (one["beside"] is None) == (figure.beside is None)
    # On a machine where others are at work it is void, and says why.
    assert verdict is (Verdict.VOID if one["void"] else Verdict.MET)
    assert kept["verdict"] == verdict.value
    assert capsys.readouterr().out.startswith(f"small: {verdict.value}")


def test_a_server_that_does_not_come_up_misses_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figure = Figure("none", ("--max-calls", "0"), (), 1, ())
    assert measure(figure, seconds=1, repeats=1, folder=tmp_path) is Verdict.MISSED
    assert "max_calls" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("runs", "best", "verdict"),
    [
        ([run(3.0), run(1.0), run(2.0)], 1, Verdict.MET),
        ([run(1.0, "others"), run(2.0), run(3.0)], 1, Verdict.MET),
        ([run(1.0, kept=False), run(2.0)], 1, Verdict.MET),
        ([run(None, kept=False), run(2.0, kept=False)], 1, Verdict.MISSED),
        ([run(1.0, "others"), run(2.0, "lag")], None, Verdict.VOID),
    ],
)
def test_the_best_run_counts_and_a_void_one_never_does(
    runs: list[dict[str, Any]], best: int | None, verdict: Verdict
) -> None:
    assert judge(runs) == (best, verdict)


@pytest.mark.parametrize(
    ("value", "kept"), [(1.0, True), (2.0, True), (2.1, False), (0.9, False), (None, False)]
)
def test_a_bound_is_kept_up_to_its_limits_and_never_by_what_is_unknown(
    value: float | None, kept: bool
) -> None:
    assert Bound("a number", lambda _: value, most=2, least=1).check(Runs({}))["kept"] is kept


@pytest.mark.parametrize(
    ("with_ms", "without_ms", "kept"),
    [
        (14.9, 10.0, True),
        (15.1, 10.0, False),
        (109.0, 100.0, True),
        (111.0, 100.0, False),
        (None, 10.0, False),
        (10.0, None, False),
    ],
)
def test_others_may_be_slower_by_a_tenth_or_five_milliseconds(
    with_ms: float | None, without_ms: float | None, kept: bool
) -> None:
    runs = Runs(first_audio(with_ms), first_audio(without_ms))
    assert b.AS_FAST_AS_WITHOUT.check(runs)["kept"] is kept


def test_without_a_reading_of_the_metrics_nothing_that_needs_it_is_kept() -> None:
    needing = (b.NOTHING_BEYOND_CREDIT, b.NOTHING_MORE_BEFORE, b.gone_within_ms(20))
    for bound in needing:
        assert not bound.check(Runs({"metrics": None, "scenario": {"mute": 1}}))["kept"]


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_every_figure_offers_what_the_generator_understands(figure: Figure) -> None:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_arguments(parser)
    for load in filter(None, (figure.load, figure.beside)):
        scenario = read_scenario(parser.parse_args(["ws://localhost/ws/tts", *load]))
        assert scenario.calls > 0
