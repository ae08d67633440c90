"""The example for LiveKit: the agent starts, and speaks without a cloud."""

import os
import subprocess
import sys
from pathlib import Path

from tests.helpers.pages import command, run_here
from tests.helpers.serving import ROOT, Server
from tests.test_readme import assert_speech

#: Nobody listens there.
NOWHERE = "ws://127.0.0.1:9"


def test_a_call_without_a_cloud_is_interrupted_and_heard_to_its_end(
    espeak: Server, tmp_path: Path
) -> None:
    done = subprocess.run(
        run_here(command("livekit", "examples"), espeak),
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert_speech(tmp_path / "agent.wav")
    told = done.stdout.splitlines()
    assert told[0] == "interrupted: True"
    assert told[-1].strip() == "assistant: Of course. What is the new address?"


def test_the_agent_starts_and_looks_for_its_rooms() -> None:
    cloud = {"LIVEKIT_URL": NOWHERE, "LIVEKIT_API_KEY": "any", "LIVEKIT_API_SECRET": "any" * 11}
    with subprocess.Popen(
        [sys.executable, "-m", "examples.livekit_agent", "start"],
        cwd=ROOT,
        env=os.environ | cloud,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as agent:
        assert agent.stdout is not None
        try:
            assert any("failed to connect to livekit" in line for line in agent.stdout)
        finally:
            # Its processes for jobs end with it.
            agent.kill()
