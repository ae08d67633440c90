"""The users of Locust, ten seconds of them, against a real server."""

import json
import signal
import subprocess

import pytest

from tests.helpers.pages import command, run_here
from tests.helpers.serving import ROOT, starting

EVENTS = (
    ("note", "first audio"),
    ("note", "whole"),
    ("call", "first audio"),
    ("call", "cancel to cancelled"),
    ("call", "turn"),
)


@pytest.mark.slow
def test_ten_seconds_of_users_are_served_and_each_event_is_a_statistic_of_its_own() -> None:
    with starting("server", "serve", "--model", "tone") as process:
        scaled = command("locust", "loadtest") + " --json -u 20 -r 20 -t 10s"
        done = subprocess.run(
            run_here(scaled, process.server),
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        process.signal(signal.SIGTERM)
        assert process.wait() == 0
    counts = {
        (entry["method"], entry["name"]): (entry["num_requests"], entry["num_failures"])
        for entry in json.loads(done.stdout)
    }
    for event in EVENTS:
        requests, failures = counts[event]
        assert requests > 0, event
        assert failures == 0, (event, done.stderr)
