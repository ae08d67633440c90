"""Who speaks in the next step: playback deadlines, credit, and a floor for notes.

Pure: time comes in as `now_s`, plans go out, results come in. It knows no clock and no tensor.
"""

from collections.abc import Collection

from engine.commands import AppendText, Cancel, Command, EndText, Flush, Grant, Open
from engine.outputs import Failed, Output
from engine.runner import Feature, ModelInfo
from engine.scheduling.backlog import Backlog
from engine.scheduling.capacity import Capacity
from engine.scheduling.chunks import Chunks
from engine.scheduling.draft import Draft
from engine.scheduling.gathering import Gathering
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.memory import Memory
from engine.scheduling.order import RowOrder
from engine.scheduling.parking import Parking
from engine.scheduling.playback import Playback
from engine.scheduling.sequence import Sequence
from engine.scheduling.slots import SlotPool
from engine.scheduling.step_times import StepTimeModel
from engine.steps import Admission, Prefill, Row, RowResult, StepPlan, StepResult
from engine.text.rewriter import Rewriter
from engine.text.segmenter import Segmenter


class Scheduler:
    """Turns commands into plans and results into outputs."""

    def __init__(
        self, model: ModelInfo, limits: SchedulerLimits, times: StepTimeModel | None = None
    ) -> None:
        """Plan for `model`; `times` says what a step takes, which is nothing where it is None."""
        self._model = model
        self._limits = limits
        times = times or StepTimeModel()
        self._capacity = Capacity(model, limits, times)
        self._chunks = Chunks(model, limits, self._capacity, times)
        self._slots = SlotPool(limits.num_slots)
        self._order = RowOrder(min(model.max_rows, limits.num_slots), limits)
        self._sequences: dict[int, Sequence] = {}
        #: Those a step would bring forward; the others cost a step nothing.
        self._schedulable: dict[int, Sequence] = {}
        #: Those that hold back undecided text.
        self._holding: dict[int, Sequence] = {}
        self._memory = Memory()
        self._gathering = Gathering(limits.max_chunk_frames * model.frame_samples)
        self._released: list[int] = []
        self._evicted: list[int] = []

    @property
    def num_sequences(self) -> int:
        """Count the open sequences."""
        return len(self._sequences)

    @property
    def slot_owners(self) -> dict[int, int]:
        """Return slot → sequence, for those that hold one."""
        return self._slots.owners

    def handle(self, command: Command, now_s: float) -> list[Output]:
        """Take a command. What it makes true at once comes back."""
        if isinstance(command, Open):
            self._open(command)
            return []
        sequence = self._sequences.get(command.sequence_id)
        if sequence is None:
            return []
        if isinstance(command, Cancel):
            self._release(sequence)
            return []
        outputs = _change(sequence, command, now_s)
        self._refresh(sequence, now_s)
        return outputs

    def wake_s(self) -> float | None:
        """Return when there is something to do if nothing comes, or None while there is not."""
        deadlines = [sequence.release_s(self._limits) for sequence in self._holding.values()]
        gathered_s = self._gathering.wake_s
        return min(deadlines if gathered_s is None else [*deadlines, gathered_s], default=None)

    def release_held_text(self, now_s: float) -> list[Output]:
        """Let what was held back for long enough be spoken. To be called before `plan`."""
        outputs: list[Output] = []
        for sequence in list(self._holding.values()):
            if sequence.release_s(self._limits) <= now_s:
                outputs += sequence.release_held_text(self._limits, now_s)
                self._refresh(sequence, now_s)
        return outputs

    def plan(self, now_s: float) -> StepPlan:
        """Choose the rows of the next step. False where there is nothing to do."""
        for waiting in [*self._memory.returning(now_s), *self._gathering.due(now_s)]:
            self._refresh(waiting, now_s)
        released, self._released = tuple(self._released), []
        evicted, self._evicted = tuple(self._evicted), []
        draft = Draft(self._chunks.cost(len(self._sequences)))
        self._gathering.is_worthwhile = self._chunks.are_whole(draft.chunk_cost)
        candidates = self._memory.admitted(self._schedulable.values())
        for group in self._order.groups(candidates, now_s):
            if group.most > 0:
                room = self._capacity.num_rows() if group.is_spare else self._model.max_rows
                num_rows = min(len(draft.rows) + group.most, room)
                while len(draft.rows) < num_rows and (sequence := next(group.sequences, None)):
                    self._add_row(draft, sequence, now_s)
        budget_s = self._chunks.budget_s(draft.planned, self._sequences.values(), now_s)
        return draft.plan(released, evicted, budget_s)

    def apply(self, result: StepResult, now_s: float) -> list[Output]:
        """Take what the step made. Rows of sequences cancelled meanwhile are dropped."""
        outputs: list[Output] = []
        made: list[Sequence] = []
        for row in result.rows:
            owner = self._slots.owner(row.slot)
            if owner is not None:
                made.append(self._sequences[owner])
                outputs += self._apply_row(made[-1], row, now_s)
        self._order.record(made)
        owners = [self._slots.owner(slot) for slot in result.starved]
        self._memory.starve([self._sequences[owner] for owner in owners if owner is not None])
        return outputs + self._find_memory(result.holding)

    def _open(self, command: Open) -> None:
        acts_markers = Feature.MARKERS in self._model.features
        rewriter = Rewriter(command.request.text_rules, acts_markers=acts_markers)
        self._sequences[command.sequence_id] = Sequence(
            id=command.sequence_id,
            request=command.request,
            backlog=Backlog(Segmenter(self._model.segmentation), rewriter),
            playback=Playback(self._model.sample_rate_hz * command.request.pace),
            granted=command.credit,
        )

    def _refresh(self, sequence: Sequence, now_s: float) -> None:
        if sequence.is_finished:
            self._release(sequence)
            return
        has_wanted = sequence.gathers
        self._gathering.look(sequence, now_s)
        schedulable = sequence.is_schedulable and not self._memory.is_waiting(sequence)
        if schedulable and sequence.id not in self._schedulable:
            if not has_wanted:
                sequence.playback.want(now_s)
            self._order.join(sequence)
        elif not schedulable and sequence.id in self._schedulable:
            self._memory.rest(sequence)
        _keep(self._schedulable, sequence, wanted=schedulable)
        _keep(self._holding, sequence, wanted=sequence.backlog.undecided)

    def _release(self, sequence: Sequence) -> None:
        del self._sequences[sequence.id]
        self._schedulable.pop(sequence.id, None)
        self._holding.pop(sequence.id, None)
        self._leave_slot(sequence)
        self._gathering.leave(sequence)
        self._memory.give_back(sequence)
        self._released.append(sequence.id)
        if sequence.id in self._evicted:
            self._evicted.remove(sequence.id)

    def _find_memory(self, holding: Collection[int]) -> list[Output]:
        """Have someone give up memory for those who found none. They try again in the next step.

        Whoever comes before it and holds none gives way as well: one a step would take for ever.
        """
        if any(holder not in self._sequences for holder in holding):
            return []
        outputs: list[Output] = []
        while self._memory.is_short:
            last = self._memory.last()
            outputs += self._give_up_memory(last)
            if last.id in holding:
                break
        return outputs

    def _give_up_memory(self, holder: Sequence) -> list[Output]:
        if not self._memory.can_spare(holder):
            self._release(holder)
            return [Failed(holder.id, "there is no memory for all that is spoken", True)]
        self._memory.evict(holder)
        self._schedulable.pop(holder.id, None)
        self._leave_slot(holder)
        self._evicted.append(holder.id)
        return []

    def _leave_slot(self, sequence: Sequence) -> None:
        if sequence.slot is not None:
            self._slots.free(sequence.slot)
            sequence.slot = None

    def _add_row(self, draft: Draft, sequence: Sequence, now_s: float) -> None:
        slot = sequence.slot
        if slot is None:
            slot = self._slot_for(draft, sequence, now_s)
            if slot is None:
                return
            sequence.slot = slot
            draft.admissions.append(Admission(slot, sequence.id, sequence.request))
        segment = sequence.next_segment()
        if segment is not None:
            draft.prefills.append(Prefill(slot, segment))
            # Reading on for the one after it may have come to text that is undecided.
            _keep(self._holding, sequence, wanted=sequence.backlog.undecided)
        num_frames = self._chunks.num_frames(sequence, now_s, draft.chunk_cost)
        draft.rows.append(Row(slot, num_frames))
        draft.planned.append(sequence)
        draft.chosen.add(sequence.id)
        self._memory.take(sequence, now_s)

    def _slot_for(self, draft: Draft, sequence: Sequence, now_s: float) -> int | None:
        if not self._slots.num_free:
            if draft.parking is None:
                holders = [self._sequences[owner] for owner in self._slots.owners.values()]
                draft.parking = Parking(holders, draft.chosen, self._limits, now_s)
            victim = draft.parking.make_room(sequence)
            if victim is None or victim.slot is None:
                return None
            self._leave_slot(victim)
            draft.parked.append(victim.id)
        return self._slots.take(sequence.id)

    def _apply_row(self, sequence: Sequence, row: RowResult, now_s: float) -> list[Output]:
        if row.error is not None:
            self._release(sequence)
            return [Failed(sequence.id, row.error)]
        outputs = sequence.advance(row, now_s)
        if row.gave_up is not None:
            self._release(sequence)
        else:
            self._refresh(sequence, now_s)
        return outputs


def _change(
    sequence: Sequence, command: AppendText | Flush | EndText | Grant, now_s: float
) -> list[Output]:
    match command:
        case AppendText(_, text):
            return sequence.append(text, now_s)
        case Flush(_, token):
            return sequence.flush(token)
        case EndText():
            return sequence.end()
        case Grant(_, upto, played):
            sequence.grant(upto, now_s)
            if played is not None:
                sequence.playback.report(now_s, played)
            return []


def _keep(members: dict[int, Sequence], sequence: Sequence, *, wanted: bool) -> None:
    if wanted:
        members[sequence.id] = sequence
    else:
        members.pop(sequence.id, None)
