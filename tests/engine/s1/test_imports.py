"""The engine runs where torch is not installed."""

import subprocess
import sys


def test_importing_the_engine_loads_no_torch() -> None:
    program = (
        "import engine.loop, engine.runner, engine.speaking, sys; print('torch' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "False"
