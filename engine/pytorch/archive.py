"""The archive that torch saves: looked at before torch reads it."""

import pickle
import pickletools
import zipfile
from collections.abc import Iterator
from pathlib import Path

from engine.errors import CheckpointError

#: The pickle of a model: names and sizes. S1's has 50 KB.
_MAX_PICKLE_BYTES = 4 << 20
_PICKLE = "data.pkl"
#: What holds tensors by name. Torch allows more of Python's, as arrays of bytes of any length.
_DICTIONARY = "collections OrderedDict"
_TUPLES = {"TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"}
_PUTS = {"BINPUT", "LONG_BINPUT", "PUT"}
_GETS = {"BINGET", "LONG_BINGET", "GET"}


def check_archive(path: Path) -> None:
    """Pass if the archive is whole, and no pickle in it takes more time or memory than its bytes.

    Raises:
        CheckpointError: it is damaged, compressed, or holds more than tensors.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_records(archive, path)
            for record in archive.infolist():
                if record.filename.rpartition("/")[2] == _PICKLE:
                    _check_pickle(archive.read(record), path)
    except (zipfile.BadZipFile, pickle.UnpicklingError, ValueError, OSError, EOFError) as error:
        raise CheckpointError(path, f"damaged: {error}") from error


def _check_records(archive: zipfile.ZipFile, path: Path) -> None:
    records = archive.infolist()
    if any(record.compress_type != zipfile.ZIP_STORED for record in records):
        raise CheckpointError(path, "compressed: torch saves tensors as they are")
    # Records that overlap would be read again and again.
    if sum(record.file_size for record in records) > path.stat().st_size:
        raise CheckpointError(path, "damaged: its records are larger than the file")
    # A download that was cut off may have its full length, and zeros where bytes are missing.
    damaged = archive.testzip()
    if damaged is not None:
        raise CheckpointError(path, "damaged: not the bytes of its checksum", damaged)


def _check_pickle(data: bytes, path: Path) -> None:
    if len(data) > _MAX_PICKLE_BYTES:
        raise CheckpointError(path, f"{len(data)} bytes of {_MAX_PICKLE_BYTES} allowed", _PICKLE)
    tuples, last_is_tuple = set(), False
    for name, argument in _operations(data):
        if name == "GLOBAL":
            _check_global(str(argument), path)
        elif name in _PUTS and last_is_tuple:
            tuples.add(argument)
        elif name in _GETS and argument in tuples:
            # A tuple in itself, sixty times over, takes a lifetime to hash.
            raise CheckpointError(path, "refused: it has a tuple twice", _PICKLE)
        last_is_tuple = name in _TUPLES


def _operations(data: bytes) -> Iterator[tuple[str, object]]:
    for operation, argument, _ in pickletools.genops(data):
        yield operation.name, argument


def _check_global(spelling: str, path: Path) -> None:
    package = spelling.partition(" ")[0].partition(".")[0]
    # Which of its own names are harmless, torch knows.
    if package != "torch" and spelling != _DICTIONARY:
        raise CheckpointError(path, f"refused: it holds more than tensors: {spelling}")
