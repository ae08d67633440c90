"""Whatever is asked over HTTP, the answer is one that the OpenAPI document declares."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.serving import serving

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


#: Some thousand requests: 40 s on two idle cores, three times that on busy ones.
TIMEOUT_S = 300


@pytest.mark.timeout(TIMEOUT_S + 10)
def test_no_request_is_answered_otherwise_than_declared_and_none_is_our_fault(
    tmp_path: Path,
) -> None:
    with serving("espeak", "--data-dir", str(tmp_path / "data")) as server:
        command = [
            *(str(Path(sys.executable).with_name("schemathesis")), "run"),
            # The same requests each time: who changes something else is not stopped by a rare one.
            *("--seed", "1", "--max-examples", "75", "--checks", ",".join(CHECKS)),
            # It writes no lines of JSON; tests/server/jobs/http/test_batch.py has odd ones.
            *("--exclude-path", "/v1/notes/batch"),
            f"{server.http_url}/openapi.json",
        ]
        done = subprocess.run(
            command, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=TIMEOUT_S
        )
    assert done.returncode == 0, done.stdout
