"""What every `NoteQueue` promises. A subclass says how one is opened, and how its process dies."""

from tests.server.jobs.contract.accepting import AcceptingContract
from tests.server.jobs.contract.changing import ChangingContract
from tests.server.jobs.contract.dying import DyingContract
from tests.server.jobs.contract.running import RunningContract
from tests.server.jobs.contract.telling import TellingContract


class LivingContract(AcceptingContract, RunningContract, ChangingContract, TellingContract):
    """What is promised while no process dies."""


class NoteQueueContract(LivingContract, DyingContract):
    """Subclasses define `opened` and `kill`: see `QueuePlace`. Tests take real time."""
