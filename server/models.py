"""From a model's name to its runner. Heavy libraries load only with the model that needs them."""

import os
from pathlib import Path

from engine.errors import CheckpointError, ModelUnavailable
from engine.pytorch.json_file import read_object
from engine.runner import Runner
from server.hub import fetch, is_hub_id

MODEL_NAMES = ("espeak", "tone")
#: What each extra brings for checkpoints, beside what every model needs.
_S1, _VITS = "s1", "vits"
_LIBRARIES = {
    _S1: frozenset({"huggingface_hub", "torch", "safetensors", "tiktoken"}),
    _VITS: frozenset({"huggingface_hub", "torch", "safetensors", "transformers"}),
}


def load_runner(name: str, *, tone_step_ms: str = "") -> Runner:
    """Build the runner of a model.

    Args:
        name: one of `MODEL_NAMES`, or an S1 or VITS checkpoint: its folder, or `owner/name` or
            `owner/name@revision` of the Hugging Face Hub, which is downloaded.
        tone_step_ms: what a step of `tone` takes.

    Raises:
        ModelUnavailable: there is no such model, or something it needs is missing.
    """
    if name == "espeak":
        from engine.runners.espeak.runner import EspeakRunner

        return EspeakRunner()
    if name == "tone":
        from engine.runners.tone import StepTimes, ToneRunner

        try:
            return ToneRunner(StepTimes.parse(tone_step_ms))
        except ValueError as error:
            raise ModelUnavailable(f"tone_step_ms must be rows:ms pairs, {error}") from error
    # An empty one would be the folder that one is in.
    if name and Path(name).is_dir():
        return _load_checkpoint(Path(name))
    if is_hub_id(name):
        return _load_checkpoint(_fetch(name))
    known = ", ".join(MODEL_NAMES)
    raise ModelUnavailable(
        f"no model {name!r}; there are {known}, and S1 and VITS checkpoints: folder or owner/name"
    )


def convert_checkpoint(folder: Path) -> list[Path]:
    """Write the tensors of an S1 checkpoint as safetensors; return the files.

    Raises:
        ModelUnavailable: a file of the checkpoint is wrong, or a library is missing.
    """
    try:
        from engine.runners.s1.convert import convert
    except ModuleNotFoundError as error:
        raise _missing(error, _S1) from error
    return convert(folder)


def _fetch(name: str) -> Path:
    try:
        return fetch(name)
    except ModuleNotFoundError as error:
        raise _missing(error, _S1, _VITS) from error


def _load_checkpoint(folder: Path) -> Runner:
    # Threads that wait for work would else spin, and take the event loop's core. It is read once,
    # when torch loads.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return _load_vits(folder) if _is_vits(folder) else _load_s1(folder)


def _is_vits(folder: Path) -> bool:
    try:
        return read_object(folder / "config.json").get("model_type") == "vits"
    except CheckpointError:
        # What is wrong with it is told by whoever reads it next.
        return False


def _load_s1(folder: Path) -> Runner:
    try:
        from engine.runners.s1.build import build_runner
    except ModuleNotFoundError as error:
        raise _missing(error, _S1) from error
    return build_runner(folder)


def _load_vits(folder: Path) -> Runner:
    try:
        from engine.runners.vits.build import build_runner
    except ModuleNotFoundError as error:
        raise _missing(error, _VITS) from error
    return build_runner(folder)


def _missing(error: ModuleNotFoundError, *extras: str) -> Exception:
    """Return what to say of a library that is not installed; a fault of our own is itself."""
    library = (error.name or "").partition(".")[0]
    brings = [f"pip install 'voxline[{each}]'" for each in extras if library in _LIBRARIES[each]]
    if not brings:
        return error
    return ModelUnavailable(f"this model needs {library}: {' or '.join(brings)}")
