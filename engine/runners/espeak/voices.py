"""The library's voices as a catalogue, and the way back from a voice's id to its file."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from engine.runners.espeak.wire import Roll, VoiceFile
from engine.voices import Voice, VoiceCatalogue

DEFAULT_ID = "en-us"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.+-]{0,127}")
_DICTIONARY = re.compile(r"^dictionary\s+(\S+)", re.MULTILINE)
#: A variant's path is this and its name.
_VARIANT_FOLDER = "!v/"


def catalogue(roll: Roll, data_path: Path) -> tuple[VoiceCatalogue, Mapping[str, str]]:
    """Return the catalogue, and for every voice id the path by which the library knows it.

    `data_path` is the folder of voices and dictionaries.
    """
    spoken = [file for file in roll.voices if _has_dictionary(data_path, file)]
    files = {_id(file): file for file in spoken if _ID.fullmatch(_id(file))}
    voices = [Voice(key, file.name, file.languages) for key, file in sorted(files.items())]
    names = [file.path.removeprefix(_VARIANT_FOLDER) for file in roll.variants]
    variants = [name for name in names if _ID.fullmatch(name)]
    paths = {key: file.path for key, file in files.items()}
    return VoiceCatalogue(voices, default=DEFAULT_ID, variants=variants), paths


def _id(file: VoiceFile) -> str:
    # The file's name is unique where its language is not: two voices speak "yue".
    return PurePosixPath(file.path).name.lower()


def _has_dictionary(data_path: Path, file: VoiceFile) -> bool:
    # The library lists voices whose dictionary it was built without, and crashes when one speaks.
    definition = (data_path / "lang" / file.path).read_text(encoding="utf-8", errors="replace")
    named = _DICTIONARY.search(definition)
    name = named.group(1) if named else file.languages[0].partition("-")[0]
    return (data_path / f"{name}_dict").is_file()
