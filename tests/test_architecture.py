"""The shape of the code: who may import whom, and how large a module may grow."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PRODUCT = ("server", "engine", "protocol", "loadtest")
#: Past this a module has more than one purpose.
MAX_LINES = 300

#: The only packages that may import torch.
TORCH_ONLY = ("engine.pytorch.", "engine.runners.s1.", "engine.runners.vits.")

_LOADED_BY = """
import importlib, pkgutil, sys
def load(name):
    module = importlib.import_module(name)
    if {deep} and hasattr(module, "__path__"):
        for found in pkgutil.iter_modules(module.__path__, name + "."):
            if not found.name.startswith({without!r}):
                load(found.name)
load({package!r})
print(*sorted(name for name in sys.modules if "." not in name))
"""


def loaded_by(package: str, *, deep: bool) -> set[str]:
    """Return the top-level modules of a process that imported `package`; `deep`: all of it.

    All of it but what is made of torch.
    """
    code = _LOADED_BY.format(package=package, deep=deep, without=TORCH_ONLY)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(done.stdout.split())


def test_import_contracts_hold() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter], check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_protocol_loads_nothing_but_its_codec() -> None:
    heavy = {"anyio", "trio", "httpx", "httpx_ws", "numpy", "starlette", "torch"}
    assert loaded_by("protocol", deep=False) & heavy == set()


@pytest.mark.parametrize("package", ["engine", "engine.runners", "engine.scheduling"])
def test_engine_loads_no_event_loop_and_no_torch(package: str) -> None:
    heavy = {"anyio", "asyncio", "trio", "httpx", "hypercorn", "msgpack", "starlette", "torch"}
    assert loaded_by(package, deep=True) & heavy == set()


@pytest.mark.parametrize("package", PRODUCT)
def test_no_module_is_longer_than_one_purpose(package: str) -> None:
    lengths = {
        str(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / package).rglob("*.py")
    }
    assert {path: lines for path, lines in lengths.items() if lines > MAX_LINES} == {}
