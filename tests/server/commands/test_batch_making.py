"""A batch: every text becomes a file, once, whatever happens on the way."""

from pathlib import Path

import anyio
import pytest

from server.commands.batch import making, missing
from server.commands.batch.fetching import MAX_LOSSES
from server.commands.batch.maker import Answer, Later, Refused
from server.commands.batch.orders import Request
from server.commands.errors import CommandError
from server.jobs.job import JobState
from tests.helpers.batches import BatchFolder, RememberingMaker

pytestmark = pytest.mark.anyio

TEXTS = {"one": "The first.", "two": "The second.", "three": "The third."}


@pytest.fixture
def folder(tmp_path: Path) -> BatchFolder:
    return BatchFolder(tmp_path)


@pytest.fixture
def maker() -> RememberingMaker:
    return RememberingMaker()


async def test_every_text_becomes_a_file(folder: BatchFolder, maker: RememberingMaker) -> None:
    folder.write(**TEXTS)
    progress = await folder.fill(maker)
    assert folder.speech() == TEXTS
    assert (progress.num_there, progress.num_failed) == (3, 0)


async def test_what_is_there_is_not_asked_for_again(
    folder: BatchFolder, maker: RememberingMaker
) -> None:
    folder.write(**TEXTS)
    await folder.fill(maker)
    (folder.out / "two.wav").unlink()
    other = RememberingMaker()
    assert (await folder.fill(other)).num_there == 3
    assert list(other.texts.values()) == ["The second."]


@pytest.mark.parametrize("change", ["text", "parameter", "length of the file"])
async def test_a_file_of_something_else_is_made_anew(
    folder: BatchFolder, maker: RememberingMaker, change: str
) -> None:
    folder.write(**TEXTS)
    await folder.fill(maker)
    if change == "text":
        folder.write(two="Another.")
    if change == "length of the file":
        (folder.out / "two.wav").write_text("The se")
    await folder.fill(maker, *(["--speed", "2"] if change == "parameter" else []))
    assert folder.speech() == {**TEXTS, **({"two": "Another."} if change == "text" else {})}
    made = {"text": 4, "parameter": 6, "length of the file": 3}[change]
    assert maker.made.total() == made


async def test_the_priority_does_not_change_what_there_is(
    folder: BatchFolder, maker: RememberingMaker
) -> None:
    folder.write(**TEXTS)
    await folder.fill(maker)
    await folder.fill(maker, "--priority", "low")
    assert maker.made.total() == 3


async def test_a_file_that_no_batch_has_made_is_left_alone(
    folder: BatchFolder, maker: RememberingMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.write(**TEXTS)
    folder.out.mkdir()
    (folder.out / "two.wav").write_text("precious")
    assert (await folder.fill(maker)).num_failed == 1
    assert folder.speech() == {**TEXTS, "two": "precious"}
    assert "no batch has made it" in capsys.readouterr().err


async def test_a_text_that_cannot_be_spoken_is_told_and_the_rest_goes_on(
    folder: BatchFolder, maker: RememberingMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.write(**TEXTS, empty=" \n", marked="\ufeffMarked.")
    folder.source("binary").write_bytes(b"caf\xe9")
    folder.source("folder").mkdir()
    progress = await folder.fill(maker)
    assert folder.speech() == {**TEXTS, "marked": "Marked."}
    assert (progress.num_there, progress.num_failed) == (4, 3)
    said = capsys.readouterr().err
    assert "empty.txt: has nothing to speak" in said
    assert "binary.txt: is not UTF-8, at byte 3" in said
    assert "folder.txt: cannot be read: Is a directory" in said


async def test_a_note_that_fails_is_told_and_the_rest_goes_on(
    folder: BatchFolder, maker: RememberingMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.write(**TEXTS)
    maker.end = lambda text: JobState.FAILED if "second" in text else JobState.STORED
    assert (await folder.fill(maker)).num_failed == 1
    assert set(folder.speech()) == {"one", "three"}
    assert "two.txt: it broke" in capsys.readouterr().err
    assert maker.made["The second."] == 1


async def test_what_an_earlier_run_has_ended_with_is_sent_again_once(
    folder: BatchFolder, maker: RememberingMaker
) -> None:
    folder.write(**TEXTS)
    maker.end = lambda _: JobState.FAILED
    assert (await folder.fill(maker)).num_failed == 3
    assert (await folder.fill(maker)).num_failed == 3
    assert maker.made.total() == 6
    maker.end = lambda _: JobState.STORED
    assert (await folder.fill(maker)).num_failed == 0
    assert folder.speech() == TEXTS


async def test_where_there_is_no_room_less_is_asked_for_when_it_is_time(
    folder: BatchFolder, maker: RememberingMaker
) -> None:
    texts = {f"n{number}": f"Number {number}." for number in range(8)}
    folder.write(**texts)
    asked: list[tuple[float, str]] = []
    began = anyio.current_time()

    def answer(request: Request) -> Answer | None:
        asked.append((anyio.current_time() - began, request.fields["text"]))
        # All of a group or none.
        return Later(7.0) if len(asked) <= 12 else None

    maker.answer = answer
    await folder.fill(maker)
    assert folder.speech() == texts
    assert [time for time, _ in asked[:14]] == [0.0] * 8 + [7.0] * 4 + [14.0] * 2
    # In their order.
    assert [text for _, text in asked[12:]] == sorted(texts.values())


@pytest.mark.parametrize("num_losses", [1, MAX_LOSSES])
async def test_a_note_that_was_lost_is_asked_for_again_and_not_for_ever(
    folder: BatchFolder, maker: RememberingMaker, num_losses: int
) -> None:
    folder.write(**TEXTS)
    maker.to_lose["The second."] = num_losses
    progress = await folder.fill(maker)
    assert progress.num_failed == (num_losses == MAX_LOSSES)
    assert maker.to_lose.total() == 0
    assert maker.made["The first."] == 1


async def test_a_reason_that_all_share_ends_the_batch_and_is_said_once(
    folder: BatchFolder, maker: RememberingMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.write(**TEXTS)
    maker.answer = lambda _: Refused("no voice 'nobody'")
    with pytest.raises(ExceptionGroup) as raised:
        await folder.fill(maker)
    assert raised.group_contains(CommandError, match="no voice 'nobody'")
    assert capsys.readouterr().err == ""


async def test_what_is_under_way_has_a_bound(
    folder: BatchFolder, maker: RememberingMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missing, "GROUP", 4)
    monkeypatch.setattr(making, "FETCHERS", 2)
    monkeypatch.setattr(making, "WINDOW", 6)
    folder.write(**{f"n{number}": f"Number {number}." for number in range(20)})
    assert (await folder.fill(maker)).num_there == 20
    assert 6 < maker.most_open <= 2 + 4 + 6


async def test_whenever_a_run_is_cut_what_is_in_its_place_is_counted(
    folder: BatchFolder, maker: RememberingMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write(**TEXTS)
    with anyio.CancelScope() as scope:

        async def forget(_: str) -> None:
            scope.cancel()
            await anyio.sleep_forever()

        monkeypatch.setattr(maker, "forget", forget)
        await folder.fill(maker)
    assert folder.speech()
    assert folder.runs[0].num_there == len(folder.speech())


@pytest.mark.parametrize("num_made", [0, 1, 5])
async def test_a_run_that_was_cut_is_gone_on_with_and_nothing_is_made_twice(
    folder: BatchFolder, maker: RememberingMaker, num_made: int
) -> None:
    texts = {f"n{number}": f"Number {number}." for number in range(8)}
    folder.write(**texts)
    with anyio.CancelScope() as scope:

        def end(_: str) -> JobState:
            if maker.made.total() > num_made:
                scope.cancel()
            return JobState.STORED

        maker.end = end
        await folder.fill(maker)
    found = folder.speech()
    assert len(found) <= num_made
    assert found.items() <= texts.items()
    assert (await folder.fill(maker)).num_there == len(texts)
    assert folder.speech() == texts
    assert maker.made == dict.fromkeys(texts.values(), 1)
