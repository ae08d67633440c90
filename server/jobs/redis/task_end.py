"""What becomes of a task of streaq once it has been run."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import Enum, auto

from streaq import StreaqRetry


class TaskEnd(Enum):
    """What becomes of a task once it has been run."""

    #: It is done with.
    DONE = auto()
    #: It is free for whoever asks next, in its old place in the line.
    RELEASED = auto()
    #: It is somebody else's by now, and not to be touched.
    LOST = auto()


class Postponed(StreaqRetry):
    """The task is to be run again in a while."""

    def __init__(self, delay_s: float) -> None:
        super().__init__(delay=timedelta(seconds=delay_s))


#: Runs the job of an id, in a round. Raises `Postponed`, and nothing else.
RunTask = Callable[[str, int], Awaitable[TaskEnd]]
