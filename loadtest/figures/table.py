"""Every figure: how the server is started, what is offered, and what must be kept."""

from dataclasses import dataclass

from loadtest.figures import bounds as b

#: A step of 20 ms, whatever is in it: half of a tone's frame.
_EVEN_STEPS = ("--model", "tone", "--tone-step-ms", "1:20,1000:20")
_STEP_MS = 20.0
#: 5 ms and 0.15 ms a row: with 80 % of a frame of 40 ms and the notes' floor, 172 calls are kept.
_RISING_STEPS = ("--model", "tone", "--tone-step-ms", "1:5.15,1000:155")
#: Longer than a run: whoever waits for credit is not sent away.
_PATIENT = ("--stall-s", "600")
#: All arrive before it is measured, and go on talking.
_HUNDRED_CALLS = ("--hold", "--calls", "100", "--rate", "40")
#: Long enough for whoever grants and does not read: kernel and engine take some nine seconds of
#: speech before they take no more. The server has not yet given it up.
_FILLED = ("--settle", "10")
#: 200 streams with a quarter of a second more each, or what an allocator takes at a time.
_FLAT_MIB = 3.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the table; its bounds are ordered, and the first one tells the better run."""

    name: str
    #: Flags of `voxline serve`.
    serve: tuple[str, ...]
    #: Flags of `loadtest.openloop`.
    load: tuple[str, ...]
    seconds: float
    bounds: tuple[b.Bound, ...]
    #: Flags of a run before it, with which it is compared.
    beside: tuple[str, ...] | None = None


FIGURES = (
    Figure(
        name="tone-400",
        serve=(*_EVEN_STEPS, "--max-calls", "400"),
        load=("--hold", "--calls", "400", "--rate", "40"),
        seconds=120,
        bounds=(
            b.first_audio_ms("p99", 60),
            b.NO_UNDERRUN,
            b.server_cores(0.5),
            b.NO_FAILURE,
        ),
    ),
    Figure(
        name="tone-1000",
        serve=(*_EVEN_STEPS, "--max-calls", "1000", "--max-connections", "1000"),
        load=("--hold", "--calls", "1000", "--rate", "40"),
        seconds=60,
        bounds=(b.NO_UNDERRUN, b.NO_FAILURE, b.ALL_CONNECTED),
    ),
    Figure(
        name="overload",
        serve=(*_RISING_STEPS, "--max-calls", "1000"),
        # A call has no stream for a quarter of its time, so this is twice what can be kept.
        load=("--hold", "--calls", "460", "--rate", "40"),
        seconds=60,
        bounds=(
            b.NO_UNDERRUN,
            b.REFUSALS,
            b.NO_REFUSAL_WITHOUT_TIME,
            # The times come from what others need: a place is free by then more often than not.
            b.refused_again(0.5),
            b.NO_FAILURE,
        ),
    ),
    Figure(
        name="espeak-live-100",
        serve=("--model", "espeak", "--max-calls", "100"),
        load=(*_HUNDRED_CALLS, "--words-per-s", "12"),
        seconds=60,
        bounds=(
            b.first_audio_ms("p95", 30),
            b.NO_UNDERRUN,
            # Few: one turn in ten, of two sentences.
            b.text_stalls_a_turn(0.1),
            b.NO_FAILURE,
        ),
    ),
    Figure(
        name="interruptions",
        serve=(*_EVEN_STEPS, "--max-calls", "150"),
        # A hundred streams are active, and more: between its turns a call has none.
        load=("--hold", "--calls", "150", "--rate", "40", "--interrupt-after", "2"),
        seconds=60,
        bounds=(
            b.cancelled_ms("p99", 10),
            b.gone_within_ms(_STEP_MS),
            b.NO_PROTOCOL_FAULT,
            b.NO_FAILURE,
        ),
    ),
    Figure(
        name="mute-200",
        serve=(*_EVEN_STEPS, *_PATIENT, "--max-calls", "300"),
        load=(*_HUNDRED_CALLS, "--mute", "200"),
        beside=_HUNDRED_CALLS,
        seconds=60,
        bounds=(
            b.AS_FAST_AS_WITHOUT,
            b.NOTHING_BEYOND_CREDIT,
            b.NOTHING_MORE_BEFORE,
            b.NOTHING_MORE_AFTER,
            b.flat_memory(_FLAT_MIB),
            b.NO_FAILURE,
        ),
    ),
    Figure(
        name="deaf-200",
        serve=(*_EVEN_STEPS, *_PATIENT, "--max-calls", "300"),
        load=(*_HUNDRED_CALLS, "--deaf", "200", *_FILLED),
        beside=_HUNDRED_CALLS,
        seconds=60,
        bounds=(
            b.AS_FAST_AS_WITHOUT,
            b.NOTHING_MORE_BEFORE,
            b.NOTHING_MORE_AFTER,
            b.flat_memory(_FLAT_MIB),
            b.NO_FAILURE,
        ),
    ),
    Figure(
        name="fish-deaf-200",
        serve=(*_EVEN_STEPS, "--max-calls", "300"),
        load=(*_HUNDRED_CALLS, "--fish-deaf", "200", *_FILLED),
        beside=_HUNDRED_CALLS,
        seconds=60,
        bounds=(
            b.AS_FAST_AS_WITHOUT,
            b.NOTHING_MORE_BEFORE,
            b.NOTHING_MORE_AFTER,
            b.flat_memory(_FLAT_MIB),
            b.given_up(200),
            b.NO_FAILURE,
        ),
    ),
    Figure(
        name="idle-10000",
        serve=(*_EVEN_STEPS, "--max-calls", "100", "--max-connections", "10100"),
        load=(*_HUNDRED_CALLS, "--idle", "10000"),
        beside=_HUNDRED_CALLS,
        seconds=60,
        bounds=(
            b.AS_FAST_AS_WITHOUT,
            b.connection_kib(48),
            b.NO_UNDERRUN,
            b.ALL_CONNECTED,
            b.NO_FAILURE,
        ),
    ),
)
