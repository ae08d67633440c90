"""What a process costs, read from the kernel, and how late our own event loop is."""

import asyncio
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from loadtest.statistics import Distribution

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_KIB = 1_024
_CORES = Path("/proc/stat")
#: User, nice, system, and stolen by other machines of the host. Interrupts are left out: most of
#: them are our own packets.
_BUSY_COLUMNS = (1, 2, 3, 8)
#: Often enough to see what a message could have waited for.
LAG_PERIOD_S = 0.010


@dataclass(frozen=True, slots=True)
class ProcessSample:
    """A process at one moment."""

    at_s: float
    #: Used by all its threads since it began.
    cpu_s: float
    #: Spent by the threads it has now waiting for a core.
    run_queue_s: float
    rss_bytes: int

    @classmethod
    def take(cls, pid: int) -> "ProcessSample":
        """Read `/proc`.

        Raises:
            OSError: there is no such process, or it may not be looked at.
        """
        folder = Path("/proc") / str(pid)
        # The name of the program comes second, in brackets, and may hold spaces.
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        waits = [int(path.read_text().split()[1]) for path in folder.glob("task/*/schedstat")]
        status = (folder / "status").read_text()
        rss_kib = _kib(status, "VmRSS")
        cpu_s = (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
        return cls(time.monotonic(), cpu_s, sum(waits) / 1e9, rss_kib * _KIB)

    def summary_since(self, earlier: "ProcessSample") -> dict[str, float]:
        """Return shares of one core."""
        elapsed_s = self.at_s - earlier.at_s
        return {
            "cores": round((self.cpu_s - earlier.cpu_s) / elapsed_s, 3),
            "run_queue": round((self.run_queue_s - earlier.run_queue_s) / elapsed_s, 3),
        }


def peak_bytes(pid: int) -> int:
    """Return the most memory that a process has had at once.

    Raises:
        OSError: there is no such process.
    """
    return _kib((Path("/proc") / str(pid) / "status").read_text(), "VmHWM") * _KIB


def _kib(status: str, name: str) -> int:
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{name}:"))


@dataclass(frozen=True, slots=True)
class CoresSample:
    """The cores on which a generator and its server run, at one moment."""

    at_s: float
    num_cores: int
    #: Used by everybody.
    busy_s: float

    @classmethod
    def take(cls, *pids: int) -> "CoresSample":
        """Read `/proc/stat` for the cores on which the processes may run.

        Raises:
            OSError: there is no such process.
        """
        cores = {f"cpu{core}" for pid in pids for core in os.sched_getaffinity(pid)}
        rows = [line.split() for line in _CORES.read_text().splitlines()]
        ticks = [int(row[column]) for row in rows if row[0] in cores for column in _BUSY_COLUMNS]
        return cls(time.monotonic(), len(cores), sum(ticks) / _TICKS_PER_S)

    def others_since(self, earlier: "CoresSample", *ours_s: float) -> float:
        """Return the share of the cores that was used beside the CPU times `ours_s`."""
        elapsed_s = (self.at_s - earlier.at_s) * self.num_cores
        return max((self.busy_s - earlier.busy_s - sum(ours_s)) / elapsed_s, 0.0)


@dataclass(slots=True)
class LoopLag:
    """How much later than intended our event loop calls back."""

    lags: Distribution = field(default_factory=Distribution)

    def start(self) -> None:
        """Measure from now on."""
        self._expect()

    def _expect(self) -> None:
        due_s = time.monotonic() + LAG_PERIOD_S

        def arrive() -> None:
            self.lags.add(max(time.monotonic() - due_s, 0.0))
            self._expect()

        asyncio.get_running_loop().call_later(LAG_PERIOD_S, arrive)
