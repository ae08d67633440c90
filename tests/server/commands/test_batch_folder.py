"""The folder of a batch: what it knows survives whoever wrote it, and one process fills it."""

import json
from pathlib import Path

import pytest

from server.audio.formats import AudioFormat
from server.commands.batch.folder import HIDDEN, OutFolder
from server.commands.batch.orders import Order
from server.commands.batch.scripts import Script, scripts_of
from server.commands.errors import CommandError


def order(folder: Path, name: str = "one", digest: str = "d") -> Order:
    script = Script(folder / f"{name}.txt", folder / f"{name}.wav")
    return Order(script=script, digest=digest, key=f"{name}-{digest}")


def make(out: OutFolder, made: Order) -> None:
    out.begin([made])
    out.unfinished(made).write_text("audio")
    out.put(made)


def test_what_was_put_is_there_for_the_next_process(tmp_path: Path) -> None:
    with OutFolder.open(tmp_path) as out:
        make(out, order(tmp_path))
        assert out.has(order(tmp_path))
    with OutFolder.open(tmp_path) as out:
        assert out.has(order(tmp_path))
        assert not out.has(order(tmp_path, digest="other"))
        assert not out.has(order(tmp_path, "two"))


def test_a_process_that_died_before_its_last_word_leaves_a_file_that_is_made_anew(
    tmp_path: Path,
) -> None:
    with OutFolder.open(tmp_path) as out:
        make(out, order(tmp_path))
    journal = tmp_path / HIDDEN / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-9])
    with OutFolder.open(tmp_path) as out:
        # It is ours all the same.
        assert not out.has(order(tmp_path))
        make(out, order(tmp_path))
    assert len(journal.read_bytes().splitlines()) == 4
    with OutFolder.open(tmp_path) as out:
        assert out.has(order(tmp_path))


@pytest.mark.parametrize("line", [b"[]", b"{}", b'{"file": 1}', b"\xff", b'{"file": "one.wav"}'])
def test_a_damaged_line_is_passed_over(tmp_path: Path, line: bytes) -> None:
    with OutFolder.open(tmp_path) as out:
        make(out, order(tmp_path))
    journal = tmp_path / HIDDEN / "journal.jsonl"
    journal.write_bytes(line + b"\n" + journal.read_bytes())
    with OutFolder.open(tmp_path) as out:
        assert out.has(order(tmp_path))


def test_whoever_reads_a_file_that_is_replaced_reads_the_old_one_to_its_end(tmp_path: Path) -> None:
    with OutFolder.open(tmp_path) as out:
        make(out, order(tmp_path))
        with (tmp_path / "one.wav").open() as old:
            out.unfinished(order(tmp_path, digest="new")).write_text("other audio")
            out.put(order(tmp_path, digest="new"))
            assert old.read() == "audio"
    assert (tmp_path / "one.wav").read_text() == "other audio"


def test_what_was_begun_in_this_run_was_not_begun_before(tmp_path: Path) -> None:
    with OutFolder.open(tmp_path) as out:
        out.begin([order(tmp_path)])
        assert not out.was_begun_before(order(tmp_path))
    with OutFolder.open(tmp_path) as out:
        assert out.was_begun_before(order(tmp_path))
        assert not out.was_begun_before(order(tmp_path, digest="other"))


def test_what_somebody_left_unfinished_is_removed(tmp_path: Path) -> None:
    with OutFolder.open(tmp_path) as out:
        unfinished = out.unfinished(order(tmp_path))
        unfinished.write_text("half")
    with OutFolder.open(tmp_path):
        assert not unfinished.exists()


def test_two_processes_do_not_fill_one_folder(tmp_path: Path) -> None:
    with (
        OutFolder.open(tmp_path),
        pytest.raises(CommandError, match="another process"),
        OutFolder.open(tmp_path),
    ):
        pass


def test_a_name_that_is_not_utf_8_is_remembered(tmp_path: Path) -> None:
    with OutFolder.open(tmp_path) as out:
        make(out, order(tmp_path, "caf\udce9"))
    with OutFolder.open(tmp_path) as out:
        assert out.has(order(tmp_path, "caf\udce9"))
    json.loads((tmp_path / HIDDEN / "journal.jsonl").read_text().splitlines()[0])


@pytest.mark.parametrize("files", [["a/one.txt", "b/one.txt"], ["one.md", "one.txt"], ["x", "x"]])
def test_two_files_that_would_be_one_are_refused_with_both_names(files: list[str]) -> None:
    with pytest.raises(CommandError, match=f"{files[0]} and {files[1]} would both be"):
        scripts_of(files, Path("out"), AudioFormat.OPUS)


def test_a_file_is_named_for_its_text_and_its_format() -> None:
    scripts = scripts_of(["a/one.part.txt", "b/two"], Path("out"), AudioFormat.OPUS)
    assert [str(each.target) for each in scripts] == ["out/one.part.opus", "out/two.opus"]
