"""Everything the engine raises on purpose.

EngineError
├── ModelUnavailable    a runner cannot be built: a library, a file or a device is missing
│   └── CheckpointError a file of the checkpoint is missing, damaged or of another model
├── UnknownVoice        no such voice, or none for that language
├── Unsupported         the model cannot do what was asked
├── NormalizationMissing the libraries that write text out are not installed
├── Unspeakable         the model breaks on this text
├── OutOfMemory         there is no memory for all of this at once
└── EngineFailed        the engine thread died; every open sequence is lost
"""

from pathlib import Path

#: Characters of a key or of a problem, several times the longest of any honest file.
_MAX_SHOWN = 400


class EngineError(Exception):
    """Base of all errors of the engine."""


class ModelUnavailable(EngineError):
    """A runner cannot be built. The message says what to install or to change."""


class CheckpointError(ModelUnavailable):
    """A file of the checkpoint cannot be used; the message names it, and the key in it."""

    def __init__(self, file: Path, problem: str, key: str | None = None) -> None:
        where = _printable(str(file)) + ("" if key is None else f": {_shown(key)}")
        self.file, self.problem, self.key = file, _shown(problem), key
        super().__init__(f"{where}: {self.problem}")


def _shown(text: str) -> str:
    """Return what may go to a terminal, on one line: keys and values are whatever a file holds."""
    half = _MAX_SHOWN // 2
    cut = text if len(text) <= _MAX_SHOWN else f"{text[:half]} … {text[-half:]}"
    return _printable(cut)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class UnknownVoice(EngineError):
    """The catalogue has no such voice, or none that speaks the language."""


class Unsupported(EngineError):
    """The model cannot do what was asked of it."""


class NormalizationMissing(EngineError):
    """The libraries that write text out are not installed."""

    def __init__(self) -> None:
        super().__init__('text normalisation needs an extra: pip install "voxline[ear]"')


class Unspeakable(EngineError):
    """The model breaks on this text; whatever else it speaks goes on."""


class OutOfMemory(EngineError):
    """There is no memory for all of this at once: less of it, or later, may be done."""


class EngineFailed(EngineError):
    """The engine thread ended while sequences were open."""
