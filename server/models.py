"""From a model's name to its runner. Heavy libraries load only with the model that needs them."""

import os
from pathlib import Path

from engine.errors import ModelUnavailable
from engine.runner import Runner
from server.hub import fetch, is_hub_id

MODEL_NAMES = ("espeak", "tone")
#: What S1 needs beside what every model does.
_S1_LIBRARIES = frozenset({"huggingface_hub", "torch", "safetensors", "tiktoken"})


def load_runner(name: str, *, tone_step_ms: str = "") -> Runner:
    """Build the runner of a model.

    Args:
        name: one of `MODEL_NAMES`, or an S1 checkpoint: its folder, or `owner/name` or
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
    if Path(name).is_dir():
        return _load_s1(Path(name))
    if is_hub_id(name):
        return _load_s1(_fetch(name))
    known = ", ".join(MODEL_NAMES)
    raise ModelUnavailable(
        f"no model {name!r}; there are {known}, and S1 checkpoints: folder or owner/name"
    )


def convert_checkpoint(folder: Path) -> list[Path]:
    """Write the tensors of an S1 checkpoint as safetensors; return the files.

    Raises:
        ModelUnavailable: a file of the checkpoint is wrong, or a library is missing.
    """
    try:
        from engine.runners.s1.convert import convert
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    return convert(folder)


def _fetch(name: str) -> Path:
    try:
        return fetch(name)
    except ModuleNotFoundError as error:
        raise _missing(error) from error


def _load_s1(folder: Path) -> Runner:
    # Threads that wait for work would else spin, and take the event loop's core. It is read once,
    # when torch loads.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        from engine.runners.s1.build import build_runner
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    return build_runner(folder)


def _missing(error: ModuleNotFoundError) -> Exception:
    """Return what to say of a library that is not installed; a fault of our own is itself."""
    if error.name not in _S1_LIBRARIES:
        return error
    return ModelUnavailable(f"S1 needs {error.name}: pip install 'voxline[s1]'")
