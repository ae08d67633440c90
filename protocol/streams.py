"""One stream as both sides count it: its state, its credit, its samples and its text."""

from dataclasses import dataclass

from .credit import CreditWindow
from .encodings import BYTES_PER_SAMPLE
from .messages import (
    Audio,
    Blocked,
    Cancelled,
    Credit,
    Done,
    Flushed,
    Limits,
    Mark,
    Open,
    Opened,
    ServerMessage,
    Text,
)
from .states import EARLY_REASONS, State

#: An audio message carries at most 200 ms, a fifth of a second.
MAX_AUDIO_PER_SECOND = 5


@dataclass(slots=True)
class Stream:
    """A stream that has not ended. Both sides hold one, and count alike."""

    state: State
    #: Samples granted by `open`, if it said so.
    first_credit: int | None = None
    #: The largest grant that came before `opened`.
    early_credit: int = 0
    #: Of the encoding that `open` asked for.
    bytes_per_sample: int = BYTES_PER_SAMPLE["pcm16"]
    text_chars: int = 0
    sample_rate: int = 0
    #: Made by `opened`, whose rate turns the default credit into samples.
    window: CreditWindow | None = None

    @property
    def sent(self) -> int:
        """Samples sent so far."""
        return self.window.sent if self.window else 0

    def take_client(self, message: object) -> None:
        """Count what a client's message adds."""
        if isinstance(message, Open):
            self.first_credit = message.credit
            self.bytes_per_sample = BYTES_PER_SAMPLE[message.encoding]
        elif isinstance(message, Text):
            self.text_chars += len(message.text)
        elif isinstance(message, Credit):
            if self.window is None:
                self.early_credit = max(self.early_credit, message.upto)
            else:
                self.window.grant(message.upto)

    def take_server(self, message: ServerMessage, limits: Limits) -> None:
        """Count what a server's message adds; `problem` has found nothing wrong with it."""
        if isinstance(message, Opened):
            default = round(limits.default_credit_s * message.sample_rate)
            first = default if self.first_credit is None else self.first_credit
            self.sample_rate = message.sample_rate
            self.window = CreditWindow(max(first, self.early_credit))
        elif isinstance(message, Audio) and self.window is not None:
            self.window.spend(len(message.pcm) // self.bytes_per_sample)

    def problem(self, message: ServerMessage) -> str | None:
        """Say what is wrong with the numbers of a server's message, or `None`."""
        if isinstance(message, Audio):
            return self._audio_problem(message)
        if isinstance(message, Mark):
            return self._mark_problem(message)
        if isinstance(message, Flushed | Blocked) and message.at != self.sent:
            return f"at is {message.at} after {self.sent} samples"
        if isinstance(message, Done | Cancelled) and message.samples != self.sent:
            return f"samples is {message.samples} after {self.sent} of them"
        if isinstance(message, Done) and self.state is State.OPEN:
            return None if message.reason in EARLY_REASONS else "done before the end of the text"
        return None

    def _audio_problem(self, message: Audio) -> str | None:
        num_samples, left_over = divmod(len(message.pcm), self.bytes_per_sample)
        available = self.window.available if self.window else 0
        if left_over:
            return f"{len(message.pcm)} bytes end in a part of a sample"
        if message.at != self.sent:
            return f"at is {message.at} after {self.sent} samples"
        if num_samples > available:
            return f"{num_samples} samples against {available} of credit"
        if num_samples * MAX_AUDIO_PER_SECOND > self.sample_rate:
            return f"{num_samples} samples are more than 200 ms"
        return None

    def _mark_problem(self, message: Mark) -> str | None:
        if message.at < self.sent:
            return f"a mark at {message.at} after {self.sent} samples"
        if message.start > message.end:
            return f"a mark from {message.start} to {message.end}"
        return None
