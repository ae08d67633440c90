"""Batches whose notes are made by nobody: by a maker that only remembers."""

import argparse
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from anyio import to_thread

from server.audio.formats import AudioFormat
from server.commands.arguments import make_parser
from server.commands.batch.folder import OutFolder
from server.commands.batch.maker import Accepted, Answer, NoteGone, Sight
from server.commands.batch.making import Batch
from server.commands.batch.missing import Missing
from server.commands.batch.orders import Order, OrderForm, Request
from server.commands.batch.progress import Progress
from server.commands.batch.scripts import scripts_of
from server.jobs.job import JobState

#: Of a note, until it is made.
NOTE_S = 1.0


def parsed(*arguments: str) -> argparse.Namespace:
    """Return the arguments of `voxline notes batch`."""
    return make_parser().parse_args(["notes", "batch", *arguments])


@dataclass
class RememberingMaker:
    """A `NoteMaker` whose audio is the text. It outlives those that ask it."""

    texts: dict[str, str] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)
    states: dict[str, JobState] = field(default_factory=dict)
    fetched: set[str] = field(default_factory=set)
    most_open: int = 0
    #: Notes that are not there once they were accepted, by their texts.
    to_lose: Counter[str] = field(default_factory=Counter)
    #: Answers a request in the place of accepting it.
    answer: Callable[[Request], Answer | None] = lambda _: None
    #: Says how a take of a text ends.
    end: Callable[[str], JobState] = lambda _: JobState.STORED

    async def submit(self, requests: Sequence[Request]) -> list[Answer]:
        await anyio.lowlevel.checkpoint()
        return [self.answer(each) or self._accept(each) for each in requests]

    async def follow(self, note_id: str) -> AsyncGenerator[Sight, None]:
        text = self.texts[note_id]
        if self.to_lose[text]:
            self.to_lose[text] -= 1
            del self.texts[note_id]
            raise NoteGone
        yield self._sight(note_id, JobState.RUNNING)
        if note_id not in self.states:
            await anyio.sleep(NOTE_S)
            self.made[text] += 1
            self.states[note_id] = self.end(text)
        yield self._sight(note_id, self.states[note_id])

    async def retry(self, note_id: str) -> None:
        del self.states[note_id]

    async def save(self, note_id: str, path: Path) -> None:
        text = self.texts[note_id]
        async with await anyio.open_file(path, "w") as file:
            await file.write(text[:4])
            await file.write(text[4:])

    async def forget(self, note_id: str) -> None:
        self.fetched.add(note_id)

    def _accept(self, request: Request) -> Accepted:
        note_id = request.order.key
        self.texts[note_id] = request.fields["text"]
        self.most_open = max(self.most_open, len(self.texts) - len(self.fetched))
        return Accepted(note_id)

    def _sight(self, note_id: str, state: JobState) -> Sight:
        reason = "it broke" if state is JobState.FAILED else None
        return Sight(state=state, made_s=len(self.texts[note_id]) / 15, reason=reason)


@dataclass(frozen=True)
class BatchFolder:
    """Texts, and where their speech goes."""

    path: Path
    #: What each run has counted.
    runs: list[Progress] = field(default_factory=list)

    @property
    def out(self) -> Path:
        return self.path / "audio"

    def write(self, **texts: str) -> None:
        for name, text in texts.items():
            self.source(name).write_text(text)

    def source(self, name: str) -> Path:
        return self.path / f"{name}.txt"

    def speech(self) -> dict[str, str]:
        """Return what there is."""
        return {path.stem: path.read_text() for path in self.out.glob("*.wav")}

    async def fill(self, maker: RememberingMaker, *arguments: str) -> Progress:
        """Do what the command does."""
        async with AsyncExitStack() as stack:
            # The command does this before there is a loop.
            missing, out, progress, orders = await to_thread.run_sync(self._find, arguments, stack)
            await Batch(maker, missing, out, progress).run(orders)
        return progress

    def _find(
        self, arguments: Sequence[str], stack: AsyncExitStack
    ) -> tuple[Missing, OutFolder, Progress, list[Order]]:
        files = sorted(map(str, self.path.glob("*.txt")))
        flags = parsed(*files, "--out", str(self.out), *arguments)
        progress = Progress(len(files))
        self.runs.append(progress)
        out = stack.enter_context(OutFolder.open(self.out))
        missing = Missing(OrderForm(flags, "model"), out, progress)
        scripts = scripts_of(files, self.out, AudioFormat(flags.format))
        return missing, out, progress, missing.find(scripts)
