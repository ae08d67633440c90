"""`voxline doctor`: what is installed, what is missing, what this machine can carry."""

import argparse
import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from engine.errors import ModelUnavailable
from server.commands.playing import find_player
from server.models import MODEL_NAMES, load_runner
from server.setting_checks import folder_of
from server.setting_sources import read_setting
from server.transport.descriptors import OWN_DESCRIPTORS, SPARE_CONNECTIONS, most_descriptors

#: Extra → the distribution that it brings, and what is missing without it.
_EXTRAS = {
    "espeak": ("espeakng-loader", "the voice that needs no weights"),
    "s1": ("torch", "OpenAudio S1-mini, from a checkpoint folder"),
    "vits": ("transformers", "VITS and MMS, from a checkpoint folder"),
    "codecs": ("av", "mp3, opus, aac, flac, and speeds the model cannot speak"),
    "ear": ("unicode-rbnf", "numbers, dates and Markdown written out, and SSML's say-as"),
    "redis": ("streaq", "notes that several processes share"),
    "s3": ("boto3", "voices and the audio of notes in S3"),
    "hub": ("huggingface-hub", "voices of the Hugging Face Hub"),
}
#: A driver that has not answered by then hangs.
_DRIVER_TIMEOUT_S = 20.0


def doctor(flags: argparse.Namespace) -> int:
    """Print the findings; the status is 1 if the model that other commands use cannot speak.

    Raises:
        SettingsError: the environment names no model, or a folder in a home that nobody knows.
    """
    print(f"voxline {version('voxline')}, Python {platform.python_version()}")
    _print_machine()
    for extra, (distribution, purpose) in _EXTRAS.items():
        print(_installed(extra, distribution, purpose))
    print(f"data    {_kept(read_setting('data_dir', flags))}")
    wanted = read_setting("model", flags)
    speaks = {name: _try_model(name) for name in dict.fromkeys([*MODEL_NAMES, wanted])}
    return 0 if speaks[wanted] else 1


def _print_machine() -> None:
    most = most_descriptors()
    taken = OWN_DESCRIPTORS + SPARE_CONNECTIONS
    carried = "any number of" if most is None else max(most - taken, 0)
    print(f"cores   {len(os.sched_getaffinity(0))} usable of {os.cpu_count()}")
    print(f"files   ulimit -Hn is {most or 'unlimited'}: {carried} connections and notes")
    print(f"gpu     {_gpu()}")
    print(f"player  {find_player() or 'none found: voxline say and call need -o'}")


def _kept(data_dir: str) -> str:
    """Say whether voices, and notes that nobody waits for, can be kept."""
    folder = folder_of(data_dir)
    if folder is None:
        return "none: no voice is kept, and no note that nobody waits for"
    # It is made when it is needed.
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        return f"{folder}: {there} cannot be written, so no voice or note is kept"
    return f"{folder}: voices and notes can be kept, {_free_gb(there)} GB are free"


def _free_gb(folder: Path) -> int:
    return shutil.disk_usage(folder).free // 10**9


def _gpu() -> str:
    program = shutil.which("nvidia-smi")
    if program is None:
        return "none"
    try:
        asked = subprocess.run(  # noqa: S603 found on the PATH, as a shell would
            [program, "-L"], capture_output=True, check=True, timeout=_DRIVER_TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"nvidia-smi fails: {error}"
    return f"{len(asked.stdout.splitlines())} behind an NVIDIA driver"


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
