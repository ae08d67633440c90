"""Who gives up a slot when none is free."""

from collections.abc import Collection, Iterable

from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.sequence import Sequence


class Parking:
    """Chooses, one after another, the holders that are parked in one step.

    An idle holder goes first. A call takes from the youngest note above the notes' floor, then from
    the call that runs dry last, if that is `target_lead_s` later than the taker does or did. A note
    takes from that call whatever its lead while the notes are below their floor, and from the
    youngest note, if it is younger. Sequences in `chosen` have a row in this step and keep their
    slot.
    """

    def __init__(
        self,
        holders: Iterable[Sequence],
        chosen: Collection[int],
        limits: SchedulerLimits,
        now_s: float,
    ) -> None:
        self._chosen = chosen
        self._limits = limits
        self._now_s = now_s
        self._idle: list[Sequence] = []
        #: Whoever is to be parked next comes last.
        self._calls: list[Sequence] = []
        self._notes: list[Sequence] = []
        for holder in holders:
            if not holder.is_schedulable:
                self._idle.append(holder)
            else:
                (self._calls if holder.has_listener(now_s) else self._notes).append(holder)
        self._calls.sort(key=lambda call: call.playback.dry_s)
        self._notes.sort(key=lambda note: note.id)
        self._num_notes = len(self._notes)

    def make_room(self, taker: Sequence) -> Sequence | None:
        """Return the holder that is parked for `taker`, or None if that must wait."""
        is_call = taker.has_listener(self._now_s)
        if self._idle:
            victims = self._idle
        else:
            victims = self._victims_of_call(taker) if is_call else self._victims_of_note(taker)
        if not victims:
            return None
        if victims is self._notes:
            self._num_notes -= 1
        if not is_call:
            self._num_notes += 1
        return victims.pop()

    def _victims_of_call(self, taker: Sequence) -> list[Sequence]:
        if self._num_notes > self._limits.note_floor and self._last(self._notes):
            return self._notes
        last = self._last(self._calls)
        wait_s = last.playback.dry_s - taker.playback.dry_s if last else 0.0
        return self._calls if wait_s >= self._limits.target_lead_s else []

    def _victims_of_note(self, taker: Sequence) -> list[Sequence]:
        if self._num_notes < self._limits.note_floor and self._last(self._calls):
            return self._calls
        youngest = self._last(self._notes)
        return self._notes if youngest and youngest.id > taker.id else []

    def _last(self, holders: list[Sequence]) -> Sequence | None:
        while holders and holders[-1].id in self._chosen:
            holders.pop()
        return holders[-1] if holders else None
