"""What was recorded, done again, is what would have been computed anew."""

import random
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.runners.s1 import sampling
from engine.runners.s1.capture import Capture, Work, sizes_up_to
from engine.runners.s1.codec import CodecState, Decoder, slots_of
from engine.runners.s1.codec_graphs import CHUNKS, CodecGraphs
from engine.runners.s1.draw_state import DrawParameters
from engine.runners.s1.frame_graphs import FrameGraphs
from engine.runners.s1.generation import FrameGenerator
from engine.runners.s1.language_model import LanguageModel
from tests.engine.conformance import pcm
from tests.engine.s1.codec.tiny import CPU, random_codes, tiny_codec
from tests.engine.s1.recording import record
from tests.engine.s1.speaker import make_runner
from tests.engine.s1.test_runner import Schedule, talkative
from tests.engine.s1.test_runner import alone as spoken_alone
from tests.engine.s1.tiny import alone, generator, random_prompt, read, tiny_model

WARM = DrawParameters(seed=7, temperature=1.0, top_p=0.95, repetition_penalty=1.2)


def again(work: Work) -> Work:
    """Record nothing: do the work itself again, which shows how shapes are padded and chosen."""
    return work


@pytest.fixture(autouse=True)
def without_looks_from_the_host(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sort all tokens, as a GPU does: whether a few are enough is a question of the host."""
    monkeypatch.setattr(sampling, "_NUM_LIKELY", ())
    with torch.inference_mode(mode=False), torch.no_grad():
        yield


def exact_model() -> LanguageModel:
    """Return a model whose rounding is far below what decides a draw, in whatever order it adds."""
    return tiny_model(torch.float64)


def drawn(frames: FrameGenerator, prompts: list[int], num_steps: int) -> dict[int, list[Tensor]]:
    """Return the columns of sequences with prompts of these lengths, one in each slot."""
    columns: dict[int, list[Tensor]] = {slot: [] for slot in range(len(prompts))}
    for slot, length in enumerate(prompts):
        frames.open(slot, random_prompt(slot, length), WARM)
    for _ in range(num_steps):
        slots, new = read(frames, dict.fromkeys(columns, 9))
        for slot, column in zip(slots, new, strict=True):
            columns[slot].append(column.cpu())
    return columns


@pytest.mark.slow
def test_a_frame_is_tensor_operations_alone_and_draws_the_same_when_they_are_done_again() -> None:
    model = exact_model()
    lengths = [5, 30]
    columns = drawn(generator(model, num_slots=2, capture=record), lengths, num_steps=14)
    for slot, length in enumerate(lengths):
        expected = alone(model, random_prompt(slot, length), WARM, len(columns[slot]))
        assert torch.equal(torch.stack(columns[slot]), expected)


@pytest.mark.slow
@pytest.mark.parametrize("most_places", [24, 64, 10_000])
def test_rows_of_any_number_and_length_find_a_shape(most_places: int) -> None:
    model = exact_model()
    frames = generator(model, num_slots=5)
    frames._graphs = FrameGraphs(
        frames._forward,
        frames._cache,
        again,
        num_slots=5,
        max_context=128,
        least_context=16,
        most_places=most_places,
    )
    lengths = [1, 40, 15, 70, 16]
    columns = drawn(frames, lengths, num_steps=30)
    for slot, length in enumerate(lengths):
        expected = alone(model, random_prompt(slot, length), WARM, len(columns[slot]))
        assert torch.equal(torch.stack(columns[slot]), expected)


def test_every_frame_is_a_recorded_one_and_so_is_the_first_after_a_prompt() -> None:
    replays = []

    def counted(work: Work) -> Work:
        def replay() -> Tensor:
            replays.append(work)
            return work()

        return replay

    model = exact_model()
    frames = generator(model, num_slots=2, capture=counted)
    draws = []
    draw = frames._forward.draw
    frames._forward.draw = lambda *given: draws.append(1) or draw(*given)  # type: ignore[method-assign,func-returns-value]
    lengths = [1, 30]
    columns = drawn(frames, lengths, num_steps=6)
    assert [len(columns[slot]) for slot in (0, 1)] == [6, 3]
    assert len(draws) == len(replays) == 6
    for slot, length in enumerate(lengths):
        expected = alone(model, random_prompt(slot, length), WARM, len(columns[slot]))
        assert torch.equal(torch.stack(columns[slot]), expected)


@pytest.mark.parametrize("most", [1, 2, 5, 8, 100, 256])
def test_the_recorded_sizes_leave_little_for_nobody(most: int) -> None:
    sizes = sizes_up_to(most)
    assert sizes[-1] == most
    assert all(
        sizes[i] < sizes[i + 1] <= max(1.5 * sizes[i], sizes[i] + 1) for i in range(len(sizes) - 1)
    )


def recorded_decoder(decoder: Decoder, state: CodecState, capture: Capture) -> CodecGraphs:
    """Record a decoder for the slots of a state, of which the last one is nobody's."""
    return CodecGraphs(
        lambda codes, slots: decoder.decode(codes, slots, state),
        capture,
        num_lanes=len(state.history) - 1,
        num_codebooks=decoder.num_codebooks,
        device=decoder.device,
    )


def decoded(graphs: CodecGraphs, codes: Tensor, slots: list[int]) -> Tensor:
    parts = [part.to("cpu", copy=True) for part in graphs.decode(codes, slots)]
    return torch.cat(parts, dim=1)


@pytest.mark.parametrize(
    ("capture", "num_slots"), [(again, 3), pytest.param(record, 1, marks=pytest.mark.slow)]
)
def test_a_recorded_chunk_sounds_as_one_computed_anew(capture: Capture, num_slots: int) -> None:
    decoder = tiny_codec(torch.float64).decoder
    recorded, anew = (decoder.new_state(num_slots + 1, CHUNKS[-1]) for _ in range(2))
    graphs = recorded_decoder(decoder, recorded, capture)
    rng = random.Random(0)
    for _ in range(12):
        slots = rng.sample(range(num_slots), rng.randint(1, num_slots))
        chunk = rng.randint(1, CHUNKS[-1])
        codes = torch.stack([random_codes(rng.randint(0, 99), chunk) for _ in slots])
        expected = decoder.decode(codes, slots_of(slots, CPU), anew)
        found = decoded(graphs, codes, slots)
        assert torch.allclose(found, expected, atol=1e-9, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_a_batch_sounds_as_its_sequences_do_alone_where_frames_and_chunks_are_recorded(
    seed: int,
) -> None:
    runner = make_runner(talkative(), num_lanes=3, capture=again)
    schedule = Schedule(runner, seed, num_slots=4)
    schedule.play()
    for sequence_id in schedule.gone:
        said = pcm(schedule.said[sequence_id]) if schedule.said[sequence_id] else np.zeros(0)
        num_common = min(len(said), len(spoken_alone(sequence_id)))
        assert np.array_equal(said[:num_common], spoken_alone(sequence_id)[:num_common])
