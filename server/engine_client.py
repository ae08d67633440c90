"""The seam above the engine: how the event loop opens sequences and hears of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.commands import AppendText, Cancel, Command, EndText, Flush, Grant, Open
from engine.outputs import Failed, Finished, Output
from engine.request import SynthesisRequest
from engine.runner import ModelInfo
from protocol.codes import ErrorCode
from server.admission import Admission
from server.errors import RequestError
from server.places import Place

#: Hears of one sequence, on the event loop. It must neither block nor raise.
Sink = Callable[[Output], None]


@dataclass(frozen=True, slots=True)
class Utterance:
    """The handle of an open sequence. Its methods never block; after the end they do nothing."""

    sequence_id: int
    _client: "EngineClient"

    def append(self, text: str) -> None:
        """Append text."""
        self._client.put(AppendText(self.sequence_id, text))

    def flush(self, token: int) -> None:
        """Speak what is buffered now."""
        self._client.put(Flush(self.sequence_id, token))

    def end(self) -> None:
        """Say that no more text will come."""
        self._client.put(EndText(self.sequence_id))

    def grant(self, upto: int, played: int | None = None) -> None:
        """Allow samples up to `upto`, at the model's rate."""
        self._client.put(Grant(self.sequence_id, upto, played))

    def cancel(self) -> None:
        """Forget the sequence: its sink hears nothing more, its slot is free within one step."""
        self._client.forget(self.sequence_id)


@dataclass(frozen=True, slots=True)
class _Opened:
    sink: Sink
    place: Place


class EngineClient:
    """The engine as the event loop sees it. `put` hands a command over and never blocks."""

    def __init__(
        self, info: ModelInfo, put: Callable[[Command], None], admission: Admission
    ) -> None:
        self.info = info
        self.admission = admission
        self._put = put
        self._open: dict[int, _Opened] = {}
        self._last_id = 0
        self._failure: str | None = None

    @property
    def failed(self) -> bool:
        """Tell whether the engine is gone for good."""
        return self._failure is not None

    @property
    def is_idle(self) -> bool:
        """Tell whether no sequence is open."""
        return not self._open

    def open(self, request: SynthesisRequest, credit: int, sink: Sink) -> Utterance:
        """Begin a sequence whose outputs go to `sink`.

        Raises:
            RequestError: `overloaded`, or `engine_failed`.
        """
        if self._failure is not None:
            raise RequestError(ErrorCode.ENGINE_FAILED, self._failure)
        place = self.admission.reserve(request)
        self._last_id += 1
        self._open[self._last_id] = _Opened(sink, place)
        self._put(Open(self._last_id, request, credit))
        return Utterance(self._last_id, self)

    def put(self, command: AppendText | Flush | EndText | Grant) -> None:
        """Hand a command over, unless its sequence is over."""
        opened = self._open.get(command.sequence_id)
        if opened is None:
            return
        if isinstance(command, AppendText):
            opened.place.num_chars += len(command.text)
        elif isinstance(command, EndText):
            opened.place.is_complete = True
        self._put(command)

    def forget(self, sequence_id: int) -> None:
        """Cancel a sequence."""
        if self._drop(sequence_id) is not None:
            self._put(Cancel(sequence_id))

    def deliver(self, outputs: Sequence[Output]) -> None:
        """Pass the outputs of a step on. Called on the event loop, once per step."""
        for output in outputs:
            if isinstance(output, Finished | Failed):
                opened = self._drop(output.sequence_id, is_spoken=isinstance(output, Finished))
            else:
                opened = self._open.get(output.sequence_id)
            if opened is not None:
                opened.sink(output)

    def fail(self, message: str) -> None:
        """Tell every open sequence that the engine is gone."""
        self._failure = message
        for sequence_id in list(self._open):
            opened = self._drop(sequence_id)
            if opened is not None:
                opened.sink(Failed(sequence_id, message))

    def _drop(self, sequence_id: int, *, is_spoken: bool = False) -> _Opened | None:
        opened = self._open.pop(sequence_id, None)
        if opened is not None:
            self.admission.release(opened.place, is_spoken=is_spoken)
        return opened
