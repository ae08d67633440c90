"""Looking at the server from outside while calls come and go: its metrics and its memory."""

import asyncio
import time
from dataclasses import dataclass, field

from loadtest.metrics import MetricsReader, Page
from loadtest.process import ProcessSample

#: Seldom enough that reading, some milliseconds on either side, is no load.
PERIOD_S = 1.0
#: How long it is watched whether anything is still made. A step is far shorter.
STILL_S = 1.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be seen at one moment; `None` is what could not."""

    page: Page | None
    process: ProcessSample | None


@dataclass(frozen=True, slots=True)
class Stillness:
    """What was made while only bad listeners were there."""

    #: Since before anybody connected.
    samples: float
    #: In the `STILL_S` after that.
    more_samples: float
    sequences: float


@dataclass(slots=True)
class Watch:
    """Takes readings."""

    metrics: MetricsReader
    pid: int | None
    #: Of the measured time.
    readings: list[Reading] = field(default_factory=list)

    async def look(self) -> Reading:
        """Take a reading, and keep it nowhere."""
        process = None if self.pid is None else ProcessSample.take(self.pid)
        return Reading(await self.metrics.read(), process)

    async def until(self, end_s: float) -> None:
        """Keep a reading now and one every second, the last at `end_s` of the monotonic clock."""
        self.readings.append(await self.look())
        while (left_s := end_s - time.monotonic()) > 0:
            await asyncio.sleep(min(PERIOD_S, left_s))
            self.readings.append(await self.look())

    async def stillness(self, rest: Page | None) -> Stillness | None:
        """Tell what was made since `rest`, and whether it goes on."""
        before = await self.metrics.read()
        await asyncio.sleep(STILL_S)
        after = await self.metrics.read()
        if rest is None or before is None or after is None:
            return None
        at_rest, then, now = (
            page.value("samples_generated_total") for page in (rest, before, after)
        )
        return Stillness(then - at_rest, now - then, after.value("sequences"))
