"""The archive in which torch saves tensors: whether all of it is there, and where in the file."""

import struct
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from engine.errors import CheckpointError

#: What only a program has, which torch saves in such an archive as well.
_OF_A_PROGRAM = "constants.pkl"
_BYTE_ORDER = "byteorder"
#: Of a record's own header: the lengths of two fields, behind which its data begins. PKWARE's
#: APPNOTE.TXT, 4.3.7.
_HEADER = struct.Struct("<26xHH")


def read_archive(path: Path) -> dict[int, int]:
    """Return where in the file each record's data begins, in bytes, and how many it has.

    Raises:
        CheckpointError: it is damaged, compressed, or none of tensors of this machine.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            _check_records(archive, path)
            # A download that was cut off may have its full length, and zeros where bytes are
            # missing.
            damaged = archive.testzip()
            if damaged is not None:
                problem = "damaged, or saved without checksums: not the bytes of its checksum"
                raise CheckpointError(path, problem, damaged)
            _check_order(archive, path)
            return dict(_places(archive, file))
    except zipfile.BadZipFile as error:
        problem = f"damaged, cut off, or not of the format that torch has had since 1.6: {error}"
        raise CheckpointError(path, problem) from error
    except (RuntimeError, ValueError, OSError, EOFError, struct.error) as error:
        raise CheckpointError(path, f"damaged: {error}") from error


def _check_records(archive: zipfile.ZipFile, path: Path) -> None:
    records = archive.infolist()
    if any(record.filename.endswith(f"/{_OF_A_PROGRAM}") for record in records):
        raise CheckpointError(path, "a program of TorchScript, not tensors by name")
    if any(record.compress_type != zipfile.ZIP_STORED for record in records):
        raise CheckpointError(path, "compressed: torch saves tensors as they are")
    # Records that overlap would be read again and again.
    if sum(record.file_size for record in records) > path.stat().st_size:
        raise CheckpointError(path, "damaged: its records are larger than the file")


def _check_order(archive: zipfile.ZipFile, path: Path) -> None:
    for record in archive.infolist():
        if record.filename.endswith(f"/{_BYTE_ORDER}"):
            order = archive.read(record).decode()
            if order != sys.byteorder:
                raise CheckpointError(path, f"{order!r} is not this machine's", _BYTE_ORDER)


def _places(archive: zipfile.ZipFile, file: BinaryIO) -> Iterator[tuple[int, int]]:
    for record in archive.infolist():
        file.seek(record.header_offset)
        name, extra = _HEADER.unpack(file.read(_HEADER.size))
        yield record.header_offset + _HEADER.size + name + extra, record.file_size
