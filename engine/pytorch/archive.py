"""The archive that torch saves: looked at before torch reads it."""

import zipfile
from pathlib import Path

from engine.errors import CheckpointError
from engine.pytorch.pickle_scan import check_pickle

_PICKLE = "data.pkl"


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
    # Torch would read another archive than Python, which skips what is put in front of one.
    if min((record.header_offset for record in records), default=0) != 0:
        raise CheckpointError(path, "damaged: there is something in front of it")
    # Records that overlap would be read again and again.
    if sum(record.file_size for record in records) > path.stat().st_size:
        raise CheckpointError(path, "damaged: its records are larger than the file")
    # A download that was cut off may have its full length, and zeros where bytes are missing.
    damaged = archive.testzip()
    if damaged is not None:
        raise CheckpointError(path, "damaged: not the bytes of its checksum", damaged)
