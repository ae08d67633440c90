"""The archive that torch saves: looked at before torch reads it."""

import os
import struct
import zipfile
from pathlib import Path

from engine.errors import CheckpointError
from engine.pytorch.pickle_scan import check_pickle

_PICKLE = "data.pkl"
#: A zip ends in where its list of records is; before that, in large ones and all of torch's, comes
#: a locator of the larger form of that end. PKWARE's APPNOTE.TXT, 4.3.14 to 4.3.16.
_END_BYTES, _LARGE_END_BYTES = 22, 56
_LOCATOR = struct.Struct("<4sLQL")
_LOCATOR_MARK = b"PK\6\7"


def check_archive(path: Path) -> None:
    """Pass if the archive is whole, and its pickle takes no more time or memory than its bytes.

    Raises:
        CheckpointError: it is damaged, compressed, or holds more than tensors.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_records(archive, path)
            for record in archive.infolist():
                # Torch finds it in any case.
                if record.filename.rpartition("/")[2].lower() == _PICKLE:
                    check_pickle(archive.read(record), path, _PICKLE)
    except (zipfile.BadZipFile, RuntimeError, ValueError, OSError, EOFError) as error:
        raise CheckpointError(path, f"damaged: {error}") from error


def _check_records(archive: zipfile.ZipFile, path: Path) -> None:
    records = archive.infolist()
    if any(record.compress_type != zipfile.ZIP_STORED for record in records):
        raise CheckpointError(path, "compressed: torch saves tensors as they are")
    # Torch would read another archive: by its offsets, where Python goes back from the end.
    if min((record.header_offset for record in records), default=0) or not _is_located(path):
        raise CheckpointError(path, "damaged: it does not begin and end as an archive does")
    # Records that overlap would be read again and again.
    if sum(record.file_size for record in records) > path.stat().st_size:
        raise CheckpointError(path, "damaged: its records are larger than the file")
    # A download that was cut off may have its full length, and zeros where bytes are missing.
    damaged = archive.testzip()
    if damaged is not None:
        raise CheckpointError(path, "damaged: not the bytes of its checksum", damaged)


def _is_located(path: Path) -> bool:
    """Tell whether the larger form of the end is where it is said to be, if there is one."""
    with path.open("rb") as file:
        at = file.seek(-min(_END_BYTES + _LOCATOR.size, path.stat().st_size), os.SEEK_END)
        mark, _, offset, _ = _LOCATOR.unpack(file.read(_LOCATOR.size))
    return bool(mark != _LOCATOR_MARK or offset == at - _LARGE_END_BYTES)
