"""Archives that torch saves: what is damaged in them is told, which torch itself does not see."""

import zipfile
from pathlib import Path

import pytest
import torch

from engine.errors import CheckpointError
from engine.pytorch.archive import read_archive


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file of one tensor."""
    path = tmp_path / "model.pth"
    torch.save({"w": torch.arange(4_096.0)}, path)
    return path


def test_where_the_data_of_each_record_lies_is_found(path: Path) -> None:
    places = read_archive(path)
    whole = path.read_bytes()
    assert whole.index(torch.arange(4_096.0).numpy().tobytes()) in places
    with zipfile.ZipFile(path) as archive:
        records = sorted(archive.read(record) for record in archive.infolist())
    assert sorted(whole[at : at + size] for at, size in places.items()) == records


def test_zeros_where_bytes_were_missing_are_told_with_their_place(path: Path) -> None:
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes(100) + whole[middle + 100 :])
    with pytest.raises(CheckpointError, match=r"model/data/0: damaged, or saved without checksums"):
        read_archive(path)


@pytest.mark.parametrize("flags", [0x01, 0x20, 0x40], ids=["encrypted", "patched", "strong"])
def test_a_record_that_no_archive_of_torch_has_is_told(path: Path, flags: int) -> None:
    whole = bytearray(path.read_bytes())
    whole[whole.index(b"PK\1\2") + 8] = flags
    path.write_bytes(whole)
    with pytest.raises(CheckpointError, match="damaged"):
        read_archive(path)


def test_an_archive_of_several_disks_is_told(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    # Of the locator of the larger form of a zip's end.
    whole[whole.rindex(b"PK\6\7") + 4] = 1
    path.write_bytes(whole)
    with pytest.raises(CheckpointError, match="damaged"):
        read_archive(path)


def test_records_that_overlap_are_not_read_again_and_again(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        largest = max(archive.infolist(), key=lambda record: record.file_size)
    with zipfile.ZipFile(path, "a") as archive:
        archive.filelist += [largest] * 10
        archive._didModify = True  # type: ignore[attr-defined] # it writes its directory anew
    with pytest.raises(CheckpointError, match="larger than the file"):
        read_archive(path)


def test_a_compressed_archive_is_told_as_that(path: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed.pth"
    with (
        zipfile.ZipFile(path) as plain,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as other,
    ):
        for record in plain.infolist():
            other.writestr(record.filename, plain.read(record))
    with pytest.raises(CheckpointError, match="compressed"):
        read_archive(packed)


@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_a_program_is_told_as_that(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.jit.script(torch.nn.Linear(2, 3)).save(str(path))
    with pytest.raises(CheckpointError, match="a program of TorchScript"):
        read_archive(path)


def test_what_torch_saved_before_it_had_archives_is_told(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save({"w": torch.ones(2)}, path, _use_new_zipfile_serialization=False)
    with pytest.raises(CheckpointError, match=r"since 1\.6"):
        read_archive(path)


def test_the_numbers_of_another_machine_are_told(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/byteorder", "middle")
    with pytest.raises(CheckpointError, match="byteorder: 'middle' is not this machine's"):
        read_archive(path)
