"""What the model reads before each segment: the voice, what was said last, the text."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.pytorch.memory import memory_for
from engine.runners.s1.errors import PromptRejected
from engine.runners.s1.generation import FrameGenerator
from engine.runners.s1.guard import CIRCLING_FRAMES, Guard, expected_frames, most_frames
from engine.runners.s1.prompt import Columns, PromptBuilder
from engine.runners.s1.sequence import Segment, Sequence

#: Tokens that are read at most besides the voice: about a minute of speech. More would cost every
#: frame of a long text more, and the model keeps a voice by what it said last.
MAX_CONTEXT = 1_536
#: Frames that are read again once that is full: 20 s, so that it happens every 40 s.
KEPT_CONTEXT = 448
#: Tokens of 300 characters of Chinese at most, and the frames they take: more than in any other
#: language of the model, and than as many digits.
_LONGEST_SEGMENT = 2_304


def most_voice_tokens(max_tokens: int) -> int:
    """Return what a voice may take of `max_tokens`: what leaves room for the longest segment.

    Of a model that reads little it is half, and long segments find none beside the largest voice.
    """
    return max_tokens - min(_LONGEST_SEGMENT, max_tokens // 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentLimits:
    """What a segment may take. The original has no such limits; who replays it lifts them."""

    #: Tokens that are read besides the voice.
    max_context: int = MAX_CONTEXT
    #: A text → the frames for which there must be room, and those that end it.
    expected_frames: Callable[[str], int] = expected_frames
    most_frames: Callable[[str], int] = most_frames
    #: Frames that the model may go round in circles.
    circling_frames: int = CIRCLING_FRAMES


SPEECH_LIMITS = SegmentLimits()


class SegmentReader:
    """Has the language model read on.

    A segment that ended stays in the context as one more reference, word for word what the model
    was trained to read, so its keys and values are there already: only its end and the next text
    are read.
    """

    def __init__(
        self,
        generator: FrameGenerator,
        prompts: PromptBuilder,
        max_tokens: int,
        limits: SegmentLimits,
    ) -> None:
        """Read into sequences of `generator`, which reads `max_tokens` tokens in all at most."""
        self._generator = generator
        self._prompts = prompts
        self._max_tokens = max_tokens
        self._limits = limits

    def begin(self, sequence: Sequence, lane: int, text: str) -> None:
        """Begin the segment `text` of a sequence that sits in `lane`.

        Raises:
            PromptRejected: text and voice leave no room to speak.
            OutOfMemory: the device has none; it can be begun again.
        """
        sequence.segment = None
        limits = self._limits
        with memory_for("a segment"):
            num_tokens = self._read(sequence, lane, text)
        sequence.num_prompt = num_tokens
        sequence.drawn.clear()
        max_frames = min(limits.most_frames(text), self._max_tokens - num_tokens)
        sequence.segment = Segment(text, Guard(max_frames, limits.circling_frames))

    def _read(self, sequence: Sequence, lane: int, text: str) -> int:
        """Have the text read after what was said, or all anew; return the tokens that makes."""
        num_frames = self._limits.expected_frames(text)
        num_voice = self._prompts.prefix(sequence.voice).shape[1]
        room = min(num_voice + self._limits.max_context, self._max_tokens) - num_frames
        follows = self._prompts.following(text)
        num_tokens: int = sequence.num_prompt + len(sequence.drawn) + follows.shape[1]
        if sequence.drawn and num_tokens <= room:
            self._generator.extend(lane, sequence.drawn_columns(), follows)
            return num_tokens
        prompt = self._prompt(sequence, text, room)
        num_tokens = prompt.shape[1]
        # One that is longer than `MAX_CONTEXT` by itself is spoken all the same.
        if num_tokens + num_frames >= self._max_tokens:
            raise PromptRejected("the text and the voice leave no room to speak")
        self._generator.open(
            lane,
            prompt,
            sequence.parameters,
            first_frame=sequence.num_drawn,
            num_shared=num_voice,
        )
        return num_tokens

    def _prompt(self, sequence: Sequence, text: str, room: int) -> Columns:
        """Return a prompt with as much of what was said last as may be kept; the voice stays."""
        said = sequence.said
        while True:
            prompt = self._prompts.build(text, (*sequence.voice, *said))
            num_kept = sum(spoken.codes.shape[1] for spoken in said)
            if not said or (num_kept <= KEPT_CONTEXT and prompt.shape[1] <= room):
                return prompt
            said.popleft()
