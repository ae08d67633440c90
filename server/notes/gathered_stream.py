"""A stream that nobody waits for: pulled seldom, much at a time, and with courtesy to calls."""

from functools import partial

import anyio

from engine.request import ServiceClass
from server.parameters import Speech
from server.pulled_stream import PulledStream
from server.run_ahead import RUN_AHEAD_S
from server.service import Service

#: What comes within it is pulled at once: each pull costs the event loop as much, however little
#: there is. It is the delay of whoever listens all the same.
GATHER_S = 0.25
#: Pulled before the engine has used up what it may make ahead, which grows by as much.
_PIECE_S = RUN_AHEAD_S / 2
#: Chunks that are converted without the loop looking at its sockets: a fraction of a millisecond.
_SLICE = 3


class GatheredStream(PulledStream):
    """An open utterance whose audio is gathered. Leave it with `cancel`, however it ends."""

    def __init__(self, service: Service, speech: Speech, request_id: str) -> None:
        """Open it.

        Raises:
            RequestError: `unsupported`, `overloaded` or `engine_failed`.
        """
        # First: opening it may wake it.
        self._service = service
        self._pressed = anyio.Event()
        super().__init__(service, speech, request_id)
        self._stream.lengthen_pieces(_PIECE_S)

    async def _something(self) -> None:
        await super()._something()
        if not self._stream.is_pressing:
            self._pressed = anyio.Event()
            with anyio.move_on_after(GATHER_S):
                await self._pressed.wait()

    async def _convert(self) -> None:
        if self._stream.converts_in_thread:
            await self._stream.convert()
            return
        convert = partial(self._stream.convert, _SLICE)
        admission, courtesy = self._service.engine.admission, self._service.courtesy
        while self._stream.has_unconverted:
            await courtesy.do(convert, num_calls=admission.reserved(ServiceClass.CALL))

    def _wake(self) -> None:
        super()._wake()
        if self._stream.is_pressing:
            self._pressed.set()
