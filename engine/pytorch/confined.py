"""Find the tensors of a `.pth` where nothing else can be harmed: in a process with limits."""

import json
import math
import resource
import signal
import subprocess
import sys
import time
from dataclasses import astuple
from pathlib import Path
from typing import Any

import engine
from engine.errors import CheckpointError
from engine.pytorch.archive import read_archive
from engine.pytorch.pth import find_stored
from engine.pytorch.stored import Stored

#: What reading takes besides the archive itself: ten thousand tensors take 50 MB.
SPARE_BYTES = 1 << 30
#: Ten thousand tensors take a second or two, and checksums ten to a hundred times less than this.
CPU_S, _BYTES_PER_CPU_S = 20, 100 << 20
#: Ten thousand tensors make an answer of 1 MB.
_MAX_ANSWER_BYTES = 8 << 20
#: Characters of a key that are told, more than are shown.
_MAX_KEY = 1_000
#: Neither the environment nor the folder from which it is started puts modules before ours.
_INTERPRETER = (sys.executable, "-I", "-S", "-c")
_MAIN = (
    "import sys; path, *limits = sys.argv[1:5]; sys.path = sys.argv[5:]; "
    "from engine.pytorch.confined import main; main(path, *map(int, limits))"
)


def find_confined(path: Path) -> dict[str, Stored]:
    """Return where each tensor of a `.pth` lies in it, by key; whatever is in it harms nobody.

    It takes as long as torch takes to be imported, and to read the file once.

    Raises:
        CheckpointError: it is damaged, holds other things than tensors by name, or takes far more
            time or memory than its size.
    """
    answer = _ask(path)
    if "problem" in answer:
        raise CheckpointError(path, answer["problem"], answer["key"])
    return {
        key: Stored(dtype, offset, tuple(shape), tuple(strides))
        for key, (dtype, offset, shape, strides) in answer["tensors"].items()
    }


def _ask(path: Path) -> dict[str, Any]:
    limits = (SPARE_BYTES, CPU_S, path.stat().st_size // _BYTES_PER_CPU_S)
    home = str(Path(engine.__file__).parent.parent)
    try:
        done = subprocess.run(  # noqa: S603 our own interpreter and code
            [*_INTERPRETER, _MAIN, path, *map(str, limits), *sys.path, home],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise CheckpointError(path, f"there is no process to read it in: {error}") from error
    try:
        # Its status says nothing where the ends of processes are ignored.
        return dict(json.loads(done.stdout))
    except ValueError as error:
        raise CheckpointError(path, _end(done.returncode, done.stderr)) from error


def main(path: str, memory_bytes: int, cpu_s: int, checksums_s: int) -> None:
    """Write to standard output what is found within the limits, or what is wrong."""
    _confine(memory_bytes)
    _limit_cpu(checksums_s + cpu_s)
    try:
        places = read_archive(Path(path))
        # However large the file, its pickle takes no longer.
        _limit_cpu(cpu_s)
        stored = find_stored(Path(path), places)
        found = {key: astuple(each) for key, each in stored.items()}
        answer = json.dumps({"tensors": found})
        if len(answer) > _MAX_ANSWER_BYTES:
            answer = _refusal("refused: it has more names of tensors than any model")
    except CheckpointError as error:
        answer = _refusal(error.problem, error.key)
    except MemoryError:
        answer = _refusal("refused: it takes far more memory than its size")
    sys.stdout.write(answer)


def _refusal(problem: str, key: str | None = None) -> str:
    return json.dumps({"problem": problem, "key": None if key is None else key[:_MAX_KEY]})


def _confine(memory_bytes: int) -> None:
    """Limit what is used from now on, and be ended by what ends a process."""
    num_pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    _limit(resource.RLIMIT_AS, num_pages * resource.getpagesize() + memory_bytes)
    _limit(resource.RLIMIT_CORE, 0)
    # Python would look at it only between two steps of its own; others may have it ignored.
    for number in (signal.SIGINT, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)


def _limit_cpu(cpu_s: int) -> None:
    """Limit the seconds that are computed from now on."""
    _limit(resource.RLIMIT_CPU, math.ceil(time.process_time()) + cpu_s)


def _limit(kind: int, limit: int) -> None:
    _, hard = resource.getrlimit(kind)
    most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(kind, (most, hard))


def _end(status: int, told: bytes) -> str:
    if status == -signal.SIGXCPU:
        return "refused: it takes far more time to read than its size"
    reason = signal.Signals(-status).name if status < 0 else f"exit status {status}"
    last = told.decode(errors="replace").strip().rpartition("\n")[2]
    return f"cannot be read: the process that tried ended by {reason}: {last}"
