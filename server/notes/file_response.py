"""A file as the body of an HTTP response, sent while it is made."""

from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType

import anyio
from starlette.types import Send

from protocol.codes import ErrorCode
from server.errors import RequestError
from server.transport.listener import USER_TIMEOUT_S

#: A reader that takes nothing for so long is not reading. The kernel then drops the connection of
#: itself, where it can.
SEND_TIMEOUT_S = USER_TIMEOUT_S


class FileResponse:
    """The response. Of itself its status line waits for the first bytes: an error is an error."""

    def __init__(
        self,
        send: Send,
        media_type: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._send = send
        self._status = status
        self._headers = {"Content-Type": media_type, **headers}
        self.has_begun = False

    async def send(self, chunks: AsyncIterator[bytes]) -> None:
        """Send all of the file.

        Raises:
            RequestError: `stalled`, since nobody reads, or what `chunks` raises.
        """
        async for data in chunks:
            if not self.has_begun:
                await self.begin()
            await self._send_part(data)
        if not self.has_begun:
            await self.begin()
        await self._send_part(b"", more_body=False)

    async def begin(self) -> None:
        """Send the status line now: whatever is wrong from here on cuts the body short."""
        self.has_begun = True
        headers = [(name.lower().encode(), value.encode()) for name, value in self._headers.items()]
        await self._send(
            {"type": "http.response.start", "status": self._status, "headers": headers}
        )

    async def _send_part(self, data: bytes, *, more_body: bool = True) -> None:
        try:
            with anyio.fail_after(SEND_TIMEOUT_S):
                await self._send(
                    {"type": "http.response.body", "body": data, "more_body": more_body}
                )
        except TimeoutError as error:
            raise RequestError(ErrorCode.STALLED, "the file is not read") from error
