"""RFC 6455 by the cases of the Autobahn test-suite, against the socket stack of `voxline serve`."""

import signal
from collections.abc import Iterator

import pytest
from kosoku import FailureError, run_fuzzingclient

from tests.helpers.serving import ServerProcess, starting

pytestmark = [pytest.mark.anyio, pytest.mark.conformance]

#: Performance, and the compression that our server declines: its cases would only say so.
LEFT_OUT = ["9.*", "12.*", "13.*"]
#: What is left, so that a suite that runs nothing does not pass.
NUM_CASES = 247


@pytest.fixture
def anyio_backend() -> str:
    """The server is a process of its own, and the suite's runner knows asyncio only."""
    return "asyncio"


@pytest.fixture
def echo_server() -> Iterator[ServerProcess]:
    with starting("tests.conformance.echo_server", "serve", "--model", "tone") as process:
        yield process
        process.signal(signal.SIGTERM)
        assert process.wait() == 0


@pytest.mark.slow
async def test_every_case_of_the_standard_passes(echo_server: ServerProcess) -> None:
    server = echo_server.server
    try:
        results = await run_fuzzingclient(
            f"ws://{server.host}:{server.port}", exclude_cases=LEFT_OUT
        )
    except FailureError as failure:
        raise AssertionError(
            [(r.case_id, r.result, r.result_close) for r in failure.results]
        ) from None
    assert len(results) == NUM_CASES
