# ruff: noqa: TID252 - the same files are installed under another name
"""A service of Pipecat with a connection that lives as long as its pipeline."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from ssl import SSLContext
from typing import Any

from pipecat.frames.frames import CancelFrame, EndFrame
from pipecat.processors.frame_processor import FrameProcessorSetup
from pipecat.services.tts_service import TTSService
from pipecat.utils.errors import ErrorCategory

from ...client import ClientConnection, ConnectFailed, ConnectionLost, connect
from ..link import Link
from .failures import category


class LinkedTTSService(TTSService):
    """Connects when it is set up, connects anew, and leaves with the pipeline.

    Every task is one of Pipecat's task manager.
    """

    def __init__(
        self,
        *,
        url: str,
        headers: Mapping[str, str] | None,
        ssl: SSLContext | None,
        **kwargs: Any,  # noqa: ANN401 those of Pipecat's service
    ) -> None:
        """Take where to connect.

        Args:
            url: The whole URL, `ws://` or `wss://`, with its path.
            headers: More headers of the upgrade, such as `Authorization`.
            ssl: How to verify a `wss` server, by default against the usual authorities.
            **kwargs: Those of `TTSService`.
        """
        super().__init__(**kwargs)
        self._url, self._headers, self._ssl = url, headers, ssl
        self._link = self._new_link()
        self._link_task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override] # as Pipecat
        """Set up the service, and begin to connect.

        Args:
            setup: Configuration object containing setup parameters.
        """
        await super().setup(setup)
        self._connect()

    async def stop(self, frame: EndFrame) -> None:
        """Leave once all was said.

        Args:
            frame: The end frame.
        """
        await super().stop(frame)
        await self._disconnect()

    async def cancel(self, frame: CancelFrame) -> None:
        """Leave at once.

        Args:
            frame: The cancel frame.
        """
        await super().cancel(frame)
        await self._disconnect()

    async def cleanup(self) -> None:
        """Release the connection at teardown."""
        await super().cleanup()
        await self._disconnect()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Start a task that ends with the connection at the latest."""
        task = self.create_task(work, name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _connect(self) -> None:
        """Keep a connection from now on, unless one is kept already."""
        if self._link_task is None or self._link_task.done():
            self._link = self._new_link()
            self._link_task = self.create_task(self._keep_link(), "link")

    async def _disconnect(self) -> None:
        for task in tuple(self._tasks):
            await self.cancel_task(task)
        if self._link_task is not None:
            await self.cancel_task(self._link_task)
            self._link_task = None
            await self._call_event_handler("on_disconnected")

    async def _keep_link(self) -> None:
        failure = await self._link.run()
        await self.push_error(str(failure), exception=failure, force_treat_as_permanent=True)

    def _new_link(self) -> Link:
        return Link(self._dial, connected=self._note_connected, failed=self._note_failed)

    def _dial(self) -> AbstractAsyncContextManager[ClientConnection]:
        return connect(self._url, headers=self._headers, ssl=self._ssl)

    async def _note_connected(self) -> None:
        await self._call_event_handler("on_connected")

    async def _note_failed(self, error: ConnectFailed | ConnectionLost) -> None:
        await self._call_event_handler("on_connection_error", str(error))

    def _classify_error(self, exception: BaseException) -> ErrorCategory | None:
        return category(exception)
