"""Who gives up a slot when none is free."""

from collections.abc import Collection

from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.sequence import Sequence


def choose_victim(
    holders: list[Sequence],
    chosen: Collection[int],
    taker: Sequence,
    limits: SchedulerLimits,
    now_s: float,
) -> Sequence | None:
    """Return the holder that is parked for `taker`, or None if it must wait.

    An idle holder goes first. An urgent call takes from the youngest note above the notes' floor,
    then from the call furthest ahead, if its lead is on target; a note below the floor takes from
    the call furthest ahead, whatever its lead. Sequences in `chosen` have a row in this step and
    keep their slot.
    """
    idle = next((holder for holder in holders if not holder.is_schedulable), None)
    if idle is not None:
        return idle
    calls = [holder for holder in holders if holder.is_call(now_s)]
    num_notes = len(holders) - len(calls)
    if taker.is_call(now_s):
        if num_notes > limits.note_floor:
            notes = [holder for holder in holders if not holder.is_call(now_s)]
            spare = [note for note in notes if note.id not in chosen]
            if spare:
                return max(spare, key=lambda note: note.id)
        if taker.playback.lead_s(now_s) >= limits.target_lead_s:
            return None
        calls = [c for c in calls if c.playback.lead_s(now_s) >= limits.target_lead_s]
    elif num_notes >= limits.note_floor:
        return None
    free_to_go = [call for call in calls if call.id not in chosen]
    return max(free_to_go, key=lambda call: call.playback.lead_s(now_s), default=None)
