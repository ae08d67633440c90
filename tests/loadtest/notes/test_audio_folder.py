"""A file that has landed is watched: another in its place is seen."""

from pathlib import Path

from loadtest.notes.audio_folder import AudioFolder


def test_a_file_that_becomes_another_or_goes_is_seen(tmp_path: Path) -> None:
    folder = AudioFolder(tmp_path / "audio")
    assert (folder.num_landed, folder.landed()) == (0, {})
    for name in ("a", "b", "c"):
        (tmp_path / "audio" / name).mkdir(parents=True)
        (tmp_path / "audio" / name / "take.mulaw").write_bytes(b"audio")
    folder.look()
    assert (folder.num_landed, folder.num_replaced()) == (3, 0)
    (tmp_path / "another").write_bytes(b"other audio")
    (tmp_path / "another").replace(tmp_path / "audio" / "a" / "take.mulaw")
    (tmp_path / "audio" / "b" / "take.mulaw").unlink()
    assert folder.num_replaced() == 2
    assert folder.landed() == {"a": [11], "b": [], "c": [5]}
