"""How notes are asked for: again and again where there is no room, in smaller groups."""

from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import anyio
from anyio import to_thread

from server.commands.batch.folder import OutFolder
from server.commands.batch.maker import Accepted, Answer, Later, NoteMaker, Refused
from server.commands.batch.missing import GROUP
from server.commands.batch.orders import Order, Request
from server.commands.batch.progress import Progress
from server.commands.errors import CommandError

#: A server that has just begun does not know how fast it is, and says an hour.
MAX_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Sent:
    """An order that was accepted, as the note of this id."""

    order: Order
    note_id: str


class Sender:
    """Asks a maker for notes."""

    def __init__(self, maker: NoteMaker, folder: OutFolder, progress: Progress) -> None:
        self._maker = maker
        self._folder = folder
        self._progress = progress
        self._group = GROUP
        self._any_accepted = False

    async def send(self, requests: Sequence[Request]) -> AsyncGenerator[Sent, None]:
        """Yield what was accepted; what was refused is told, and what has no room waits.

        Raises:
            CommandError: all are refused for one reason: it is not in the texts.
            OSError: the disk refuses it.
        """
        waiting = deque(requests)
        while waiting:
            group = [waiting.popleft() for _ in range(min(self._group, len(waiting)))]
            await to_thread.run_sync(self._folder.begin, [request.order for request in group])
            answers = await self._maker.submit(group)
            self._check(answers)
            late = []
            for request, answer in zip(group, answers, strict=True):
                match answer:
                    case Accepted(note_id):
                        yield Sent(request.order, note_id)
                    case Refused(reason):
                        self._progress.failed(request.order.script, reason)
                    case Later():
                        late.append(request)
            waiting.extendleft(reversed(late))
            await self._make_room(answers)

    async def _make_room(self, answers: Sequence[Answer]) -> None:
        waits_s = [answer.after_s for answer in answers if isinstance(answer, Later)]
        if not waits_s:
            self._group = min(2 * self._group, GROUP)
            return
        # Part of it may fit by then.
        self._group = max(len(answers) // 2, 1)
        wait_s = min(max(waits_s), MAX_WAIT_S)
        self._progress.waits(wait_s, "too much is waiting there already")
        await anyio.sleep(wait_s)

    def _check(self, answers: Sequence[Answer]) -> None:
        """Pass unless nothing can be made at all.

        Raises:
            CommandError: see `send`.
        """
        self._any_accepted |= any(isinstance(answer, Accepted) for answer in answers)
        reasons = {answer.reason if isinstance(answer, Refused) else None for answer in answers}
        if not self._any_accepted and len(answers) > 1 and len(reasons) == 1:
            (reason,) = reasons
            if reason is not None:
                raise CommandError(reason)
