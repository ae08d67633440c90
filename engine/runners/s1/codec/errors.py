"""What can be wrong with a codec's folder, or with what it is asked to code."""

from pathlib import Path

from engine.errors import EngineError, ModelUnavailable


class CheckpointError(ModelUnavailable):
    """A file of the checkpoint cannot be used.

    Attributes:
        file: the file.
        key: what is wrong in it: the name of a tensor or of a setting; None if it is the file.
    """

    def __init__(self, file: Path, key: str | None, problem: str) -> None:
        where = f"{file}: {key}" if key is not None else f"{file}"
        super().__init__(f"{where}: {problem}")
        self.file = file
        self.key = key


class BadCodecInput(EngineError):
    """Codes or samples of a shape, type or length that the codec does not take."""
