"""What happens to a fleet while it makes notes: each trouble when so many are made."""

import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

import anyio
from anyio import to_thread

from loadtest.metrics import MetricsReader
from loadtest.notes.batches import Submission
from loadtest.notes.waiting import until
from tests.helpers.fault_proxy import Fault, FaultProxy
from tests.helpers.redis_server import RedisServer
from tests.helpers.serving import ServerProcess

#: More than any client opens connections meanwhile.
_ALL = 100_000
#: Gauges are renewed every two seconds.
_LOOK_S = 1.0
#: Thousands are accepted in a second.
_NOTICE_S = 0.05
#: In the order in which it fails.
_OF_S3 = (Fault.OVERLOADED, Fault.STALLED, Fault.RESET, Fault.LOST_ANSWER)

Trouble = Callable[[], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Troubles:
    """One after the other, at shares of the notes that are made."""

    #: Starts a maker of a name.
    start: Callable[[str], Awaitable[ServerProcess]]
    makers: list[ServerProcess]
    redis: RedisServer
    proxy: FaultProxy
    #: For so long S3 fails in each of its ways, and Redis is gone.
    trouble_s: float
    lease_s: float
    #: What was done, as it is kept with the figures.
    done: list[str] = field(default_factory=list)

    async def while_accepted(self, submission: Submission) -> None:
        """Do what happens when half of the notes are accepted."""

        async def is_half() -> bool:
            return len(submission.accepted) >= submission.num_notes / 2

        await until(is_half, _NOTICE_S)
        await self._do("half are accepted", "Redis is killed, and comes again", self._restart_redis)

    async def while_made(self, metrics: MetricsReader, num_notes: int) -> None:
        """Do what happens while they are made; all of them were accepted."""
        for share, name, trouble in self._plan():
            await until(partial(_is_left, metrics, (1 - share) * num_notes), _LOOK_S)
            await self._do(f"{share:.0%} are made", name, trouble)

    def _plan(self) -> list[tuple[float, str, Trouble]]:
        return [
            (0.10, "a maker is killed, and another comes", self._kill),
            (0.25, "a maker sleeps past its lease", self._sleep),
            (0.40, "Redis is killed, and comes again", self._restart_redis),
            *(
                (0.5 + 0.1 * place, f"S3: {fault.value}", self._failing(fault))
                for place, fault in enumerate(_OF_S3)
            ),
        ]

    async def _do(self, when: str, name: str, trouble: Trouble) -> None:
        print(f"{when}: {name}", flush=True)
        self.done.append(f"{when}: {name}")
        await trouble()

    async def _kill(self) -> None:
        self.makers.pop(0).signal(signal.SIGKILL)
        self.makers.append(await self.start("replacement"))

    async def _sleep(self) -> None:
        maker = self.makers[0]
        maker.signal(signal.SIGSTOP)
        await anyio.sleep(2 * self.lease_s)
        maker.signal(signal.SIGCONT)

    async def _restart_redis(self) -> None:
        await to_thread.run_sync(self.redis.kill)
        await anyio.sleep(self.trouble_s)
        await to_thread.run_sync(self.redis.start)

    def _failing(self, fault: Fault) -> Trouble:
        async def fail() -> None:
            self.proxy.plant(*[fault] * _ALL)
            await anyio.sleep(self.trouble_s)
            self.proxy.heal()

        return fail


async def _is_left(metrics: MetricsReader, num_notes: float) -> bool:
    """Tell whether no more than `num_notes` wait or are made; nobody may tell."""
    page = await metrics.read()
    if page is None:
        return False
    return page.value("queue_depth") + page.value("queue_running") <= num_notes
