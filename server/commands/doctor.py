"""`voxline doctor`: what is installed, what is missing, what this machine can carry."""

import os
import platform
import resource
import shutil
from importlib.metadata import PackageNotFoundError, version

from engine.errors import ModelUnavailable
from server.models import MODEL_NAMES, load_runner

#: Extra → the distribution that it brings, and what is missing without it.
_EXTRAS = {
    "espeak": ("espeakng-loader", "the voice that needs no weights"),
    "codecs": ("av", "mp3, opus, flac, and speeds the model cannot speak"),
}
#: Descriptors that the server needs for itself, beside one for each connection.
_OWN_DESCRIPTORS = 64


def doctor() -> int:
    """Print the findings; the status is 1 if nothing can speak."""
    print(f"voxline {version('voxline')}, Python {platform.python_version()}")
    _print_machine()
    for extra, (distribution, purpose) in _EXTRAS.items():
        print(_installed(extra, distribution, purpose))
    speaks = [_try_model(name) for name in MODEL_NAMES]
    return 0 if any(speaks) else 1


def _print_machine() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    print(f"cores   {len(os.sched_getaffinity(0))} usable of {os.cpu_count()}")
    print(f"files   ulimit -n is {soft} (at most {hard}): {soft - _OWN_DESCRIPTORS} connections")
    gpu = shutil.which("nvidia-smi")
    print(f"gpu     {'NVIDIA driver found' if gpu else 'none'}; no model here uses one yet")
    player = next(filter(shutil.which, ("pw-play", "aplay", "ffplay")), None)
    print(f"player  {player or 'none found: voxline call needs -o'}")


def _installed(extra: str, distribution: str, purpose: str) -> str:
    try:
        return f"{extra:8}{distribution} {version(distribution)}"
    except PackageNotFoundError:
        return f'{extra:8}missing ({purpose}): pip install "voxline[{extra}]"'


def _try_model(name: str) -> bool:
    try:
        runner = load_runner(name)
    except ModelUnavailable as error:
        print(f"model   {name}: {error}")
        return False
    info = runner.info
    runner.close()
    print(f"model   {name}: {len(info.voices)} voices, {info.sample_rate_hz} Hz, on {info.device}")
    return True
