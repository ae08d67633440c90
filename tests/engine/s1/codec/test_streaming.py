"""A stream sounds the same however it is cut, and whatever else the batch holds."""

import random
from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine.runners.s1.codec import BadCodecInput, slots_of
from engine.runners.s1.codec.state import CodecState
from tests.engine.s1.codec.tiny import (
    CPU,
    NUM_FRAMES,
    TINY,
    TOLERANCES,
    advance,
    decoded_whole,
    random_codes,
    tiny_codec,
)


def splits(max_chunk: int) -> st.SearchStrategy[list[int]]:
    """Return chunk lengths that add up to at least NUM_FRAMES."""
    chunk = st.integers(1, max_chunk)
    return st.lists(chunk, min_size=NUM_FRAMES, max_size=NUM_FRAMES)


def pieces_of(codes: Tensor, lengths: list[int]) -> Iterator[Tensor]:
    """Cut codes (10, frames) into pieces of these lengths."""
    at = 0
    for length in lengths:
        if at < codes.shape[1]:
            yield codes[:, at : at + length]
        at += length


@pytest.mark.parametrize(
    "dtype",
    [torch.float32, torch.float64, pytest.param(torch.bfloat16, marks=pytest.mark.slow)],
)
@given(lengths=splits(NUM_FRAMES))
@settings(max_examples=10, deadline=None)
def test_every_split_into_chunks_sounds_like_the_whole(
    lengths: list[int], dtype: torch.dtype
) -> None:
    codec, codes = tiny_codec(dtype), random_codes(0)
    state = codec.decoder.new_state(1, NUM_FRAMES)
    chunks = [advance(codec, state, {0: piece})[0] for piece in pieces_of(codes, lengths)]
    whole = decoded_whole(codec, codes)
    assert whole.std() > 0.1
    assert (torch.cat(chunks) - whole).abs().max() <= TOLERANCES[dtype]


class Crowd:
    """Streams that join, pause, leave and are parked at random, in fewer slots than there are."""

    def __init__(self, dtype: torch.dtype, seed: int, num_streams: int, num_slots: int) -> None:
        self.draw = random.Random(seed)
        self.codec = tiny_codec(dtype)
        self.state = self.codec.decoder.new_state(num_slots, 4)
        self.codes = {stream: random_codes(100 + stream) for stream in range(num_streams)}
        self.made: dict[int, list[Tensor]] = {stream: [] for stream in self.codes}
        self.at = dict.fromkeys(self.codes, 0)
        self.parked: dict[int, CodecState] = {}
        self.waiting = list(self.codes)
        self.slots: dict[int, int | None] = dict.fromkeys(range(num_slots))

    def run(self) -> None:
        while any(at < NUM_FRAMES for at in self.at.values()):
            self.move()
            self.step()

    def move(self) -> None:
        for slot, stream in self.slots.items():
            if stream is not None and self.at[stream] == NUM_FRAMES:
                self.slots[slot] = None
            elif stream is not None and self.draw.random() < 0.2:
                self.parked[stream] = self.state.copy_out(slot)
                self.waiting.append(stream)
                self.slots[slot] = None
            if self.slots[slot] is None and self.waiting:
                joining = self.waiting.pop(self.draw.randrange(len(self.waiting)))
                self.slots[slot] = joining
                if joining in self.parked:
                    self.state.copy_in(slot, self.parked.pop(joining))
                else:
                    self.state.reset(slots_of([slot], CPU))

    def step(self) -> None:
        length = self.draw.choice([1, 2, 4])
        speaking = {
            slot: self.codes[stream][:, self.at[stream] :][:, :length]
            for slot, stream in self.slots.items()
            if stream is not None
            and self.at[stream] + length <= NUM_FRAMES
            and self.draw.random() < 0.8
        }
        if not speaking:
            return
        for slot, samples in advance(self.codec, self.state, speaking).items():
            stream = self.slots[slot]
            assert stream is not None
            self.made[stream].append(samples)
            self.at[stream] += length


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))])
def test_random_joins_pauses_and_parks_change_no_stream(dtype: torch.dtype, seed: int) -> None:
    crowd = Crowd(dtype, seed, num_streams=7, num_slots=3)
    crowd.run()
    for stream, codes in crowd.codes.items():
        alone = decoded_whole(crowd.codec, codes)
        assert (torch.cat(crowd.made[stream]) - alone).abs().max() <= TOLERANCES[dtype]


def test_rows_that_are_not_called_keep_their_state_to_the_bit() -> None:
    codec = tiny_codec()
    state = codec.decoder.new_state(3, 4)
    advance(codec, state, {slot: random_codes(slot, 4) for slot in range(3)})
    before = [tensor.clone() for tensor in state.tensors()]
    advance(codec, state, {1: random_codes(9, 4)})
    for tensor, old in zip(state.tensors(), before, strict=True):
        assert torch.equal(tensor[[0, 2]], old[[0, 2]])
        assert not torch.equal(tensor[1], old[1])


def test_a_slot_used_before_begins_like_a_new_one() -> None:
    codec = tiny_codec()
    state = codec.decoder.new_state(2, NUM_FRAMES)
    advance(codec, state, {1: random_codes(1)})
    state.reset(slots_of([1], CPU))
    used = advance(codec, state, {1: random_codes(2)})[1]
    assert torch.equal(used, decoded_whole(codec, random_codes(2)))


def test_a_reset_clears_what_is_not_a_number() -> None:
    codec = tiny_codec()
    state = codec.decoder.new_state(1, NUM_FRAMES)
    for tensor in state.tensors()[:3]:
        tensor.fill_(float("nan"))
    state.reset(slots_of([0], CPU))
    assert advance(codec, state, {0: random_codes(2)})[0].isfinite().all()


def test_a_row_that_is_not_a_number_leaves_the_others_alone() -> None:
    codec = tiny_codec()
    state = codec.decoder.new_state(2, NUM_FRAMES)
    state.history[0] = float("nan")
    rows = advance(codec, state, {0: random_codes(1), 1: random_codes(2)})
    assert rows[0].isnan().any()
    assert (rows[1] - decoded_whole(codec, random_codes(2))).abs().max() <= TOLERANCES[
        torch.float32
    ]


@pytest.mark.parametrize("num_frames", [1, 2, 3, 8])
def test_every_frame_makes_as_many_samples_as_all_others(num_frames: int) -> None:
    samples = decoded_whole(tiny_codec(), random_codes(0, num_frames))
    assert samples.shape == (num_frames * 2048,)
    assert samples.dtype == torch.float32


def test_no_sample_hears_a_frame_to_come() -> None:
    codes = random_codes(0)
    other = codes.clone()
    other[:, 6:] = random_codes(1)[:, 6:]
    one, two = (decoded_whole(tiny_codec(torch.float64), each) for each in (codes, other))
    assert torch.allclose(one[: 6 * 2048], two[: 6 * 2048], atol=1e-12, rtol=0)
    assert (one[6 * 2048 :] - two[6 * 2048 :]).abs().max() > 0.1


def test_a_stream_goes_on_beyond_any_table_of_positions() -> None:
    codec = tiny_codec(torch.float64)
    far = codec.decoder.new_state(1, NUM_FRAMES)
    far.windows[0].positions.fill_(1_000_000)
    advance(codec, far, {0: random_codes(5)})
    assert far.windows[0].positions.item() == 1_000_000 + NUM_FRAMES


@pytest.mark.parametrize(
    ("codes", "slots", "problem"),
    [
        (torch.zeros(1, 9, 2, dtype=torch.int64), [0], "not integers"),
        (torch.zeros(10, 2, dtype=torch.int64), [0], "not integers"),
        (torch.zeros(1, 10, 2), [0], "not integers"),
        (torch.zeros(2, 10, 2, dtype=torch.int64), [0], "2 rows of codes"),
        (torch.zeros(1, 10, 0, dtype=torch.int64), [0], "0 frames"),
        (torch.zeros(1, 10, 5, dtype=torch.int64), [0], "5 frames"),
    ],
)
def test_what_cannot_be_decoded_is_refused(codes: Tensor, slots: list[int], problem: str) -> None:
    decoder = tiny_codec().decoder
    with pytest.raises(BadCodecInput, match=problem):
        decoder.decode(codes, slots_of(slots, CPU), decoder.new_state(1, 4))


def test_a_code_outside_its_codebook_is_its_first_row_or_its_last() -> None:
    codec = tiny_codec(torch.float64)
    codes = random_codes(1)
    codes[0, 3], codes[4, 5] = 0, TINY.residual_codebook_size - 1
    outside = codes.clone()
    outside[0, 3], outside[4, 5] = -7, 2**40
    assert torch.equal(decoded_whole(codec, outside), decoded_whole(codec, codes))
