"""Read a `.pth` once where nothing else can be harmed: in a process with limits.

Torch reads pickles by a machine that runs no code of theirs. What it does run may still take any
time or memory, or crash: a dictionary hashes its keys, and a message shows what it is about,
however either is nested. No list of what is harmless would tell all of that apart.
"""

import json
import math
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import engine
from engine.errors import CheckpointError
from engine.pytorch.archive import check_archive
from engine.pytorch.pth import read_pth

#: What reading takes besides the file, which is mapped: ten thousand tensors take 50 MB.
SPARE_BYTES = 1 << 30
#: Ten thousand tensors take a second or two, and checksums ten to a hundred times less than this.
CPU_S, _BYTES_PER_CPU_S = 20, 100 << 20
#: Characters of a key that are told, more than are shown.
_MAX_KEY = 1_000
#: The folder from which the process is started shall put no modules before ours.
_INTERPRETER = (sys.executable, "-P", "-c")
_MAIN = (
    "import sys; sys.path.insert(0, sys.argv[1]); from engine.pytorch.trial import main; "
    "main(sys.argv[2], *map(int, sys.argv[3:]))"
)


def try_out(path: Path) -> None:
    """Pass if a `.pth` is whole and can be read in bounded time and memory.

    It takes as long as torch takes to be imported, and to read the file once.

    Raises:
        CheckpointError: it is not, or holds other things than tensors by name.
    """
    home = str(Path(engine.__file__).parent.parent)
    size = path.stat().st_size
    limits = (size + SPARE_BYTES, CPU_S + size // _BYTES_PER_CPU_S)
    done = subprocess.run(  # noqa: S603 our own interpreter and code
        [*_INTERPRETER, _MAIN, home, path, *map(str, limits)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if not done.stdout:
        raise CheckpointError(path, _end(done.returncode))
    refusal = json.loads(done.stdout)
    if refusal is not None:
        raise CheckpointError(path, *refusal)


def check(path: Path) -> None:
    """Do what is tried out.

    Raises:
        CheckpointError: see `try_out`.
    """
    try:
        check_archive(path)
        read_pth(path)
    except MemoryError as error:
        raise CheckpointError(path, "refused: it takes far more memory than its size") from error


def main(path: str, memory_bytes: int, cpu_s: int) -> None:
    """Check the file within limits; write what is wrong, or null, to standard output.

    Whoever ignores the ends of its processes does not learn how this one ended.
    """
    _confine(memory_bytes, cpu_s)
    refusal = None
    try:
        check(Path(path))
    except CheckpointError as error:
        refusal = error.problem, None if error.key is None else error.key[:_MAX_KEY]
    json.dump(refusal, sys.stdout)


def _confine(memory_bytes: int, cpu_s: int) -> None:
    """Limit what is used from now on."""
    num_pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    for kind, limit in (
        (resource.RLIMIT_AS, num_pages * resource.getpagesize() + memory_bytes),
        (resource.RLIMIT_CPU, math.ceil(time.process_time()) + cpu_s),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (most, hard))
    # Python would look at it only between two steps of its own.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _end(status: int) -> str:
    if status == -signal.SIGXCPU:
        return "refused: it takes far more time to read than its size"
    reason = signal.Signals(-status).name if status < 0 else f"exit status {status}"
    return f"cannot be read: the process that tried ended by {reason}"
