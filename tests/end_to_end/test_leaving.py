"""Peers that leave, or never do: what they sent too much holds nothing, and nobody is to blame."""

from contextlib import suppress
from typing import Any

import anyio
import pytest
from starlette.responses import Response

from tests.helpers.dialling import TIMEOUT_S, dial, rest
from tests.helpers.in_process import web_server

pytestmark = pytest.mark.anyio

REQUEST = b"GET /livez HTTP/1.1\r\nHost: a\r\n"
WHOLE_REQUEST = REQUEST + b"\r\n"


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """What `voxline serve` runs on: the loops differ in what they make of a dead peer."""
    return "asyncio", {"use_uvloop": True}


async def test_connections_beyond_the_most_are_dropped_until_others_leave() -> None:
    async def is_served(address: tuple[str, int]) -> bool:
        with suppress(anyio.BrokenResourceError):
            async with await dial(*address, REQUEST + b"Connection: close\r\n\r\n") as stream:
                return (await rest(stream)).startswith(b"HTTP/1.1 204 ")
        return False

    async with web_server(Response(status_code=204), most_connections=2) as address:
        async with (
            await dial(*address, WHOLE_REQUEST) as first,
            await dial(*address, WHOLE_REQUEST) as second,
        ):
            await first.receive()
            await second.receive()
            assert not await is_served(address)
        with anyio.fail_after(TIMEOUT_S):
            while not await is_served(address):
                pass
