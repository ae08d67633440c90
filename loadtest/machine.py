"""On which machine a figure was measured: without it a figure says nothing."""

import os
import platform
from pathlib import Path

#: Where Linux names the processor.
_CPU_INFO = Path("/proc/cpuinfo")


def machine() -> str:
    """Return the processor, the cores this process may use, Python, and how busy all of it is."""
    cores = len(os.sched_getaffinity(0))
    return (
        f"{_processor()}, {cores} cores, Python {platform.python_version()}, "
        f"load average {os.getloadavg()[0]:.1f}"
    )


def _processor() -> str:
    for line in _CPU_INFO.read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
