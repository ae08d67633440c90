"""The archive in which torch saves tensors: whether all of it is there, as it was written."""

import zipfile
from pathlib import Path

from engine.errors import CheckpointError

#: What only a program has, which torch saves in such an archive as well.
_OF_A_PROGRAM = "constants.pkl"


def check_archive(path: Path) -> None:
    """Pass if the archive is whole: torch itself looks at no checksum.

    Raises:
        CheckpointError: it is damaged, compressed, or none of tensors.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_records(archive, path)
            # A download that was cut off may have its full length, and zeros where bytes are
            # missing.
            damaged = archive.testzip()
    except zipfile.BadZipFile as error:
        problem = f"damaged, cut off, or saved by a torch older than 1.6: {error}"
        raise CheckpointError(path, problem) from error
    except (RuntimeError, ValueError, OSError, EOFError) as error:
        raise CheckpointError(path, f"damaged: {error}") from error
    if damaged is not None:
        raise CheckpointError(path, "damaged: not the bytes of its checksum", damaged)


def _check_records(archive: zipfile.ZipFile, path: Path) -> None:
    records = archive.infolist()
    if any(record.filename.endswith(f"/{_OF_A_PROGRAM}") for record in records):
        raise CheckpointError(path, "a program of TorchScript, not tensors by name")
    if any(record.compress_type != zipfile.ZIP_STORED for record in records):
        raise CheckpointError(path, "compressed: torch saves tensors as they are")
    # Records that overlap would be read again and again.
    if sum(record.file_size for record in records) > path.stat().st_size:
        raise CheckpointError(path, "damaged: its records are larger than the file")
