"""Frames do not depend on what else is in the batch, or on how a prompt was read."""

import random

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.runners.s1.draw_state import DrawParameters
from engine.runners.s1.errors import ContextFull, OutOfBlocks, PromptRejected
from engine.runners.s1.forward import NOT_DRAWN
from engine.runners.s1.generation import FrameGenerator
from engine.runners.s1.language_model import LanguageModel
from tests.engine.s1.tiny import (
    alone,
    drawn_by,
    generator,
    random_prompt,
    random_weights,
    read,
    tiny_config,
    tiny_model,
)

#: Warm and wide, so that a difference in a probability shows soon.
WARM = DrawParameters(seed=7, temperature=1.0, top_p=0.95, repetition_penalty=1.2)


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    with torch.inference_mode():
        return tiny_model()


def parameters(seed: int) -> DrawParameters:
    return DrawParameters(
        seed=seed,
        temperature=0.5 + seed % 3 * 0.4,
        top_p=(0.6, 0.7, 0.8, 1.0)[seed % 4],
        repetition_penalty=1.0 + seed % 5 * 0.1,
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_batch_with_joins_and_leaves_draws_what_each_row_draws_alone(
    model: LanguageModel, seed: int
) -> None:
    rng = random.Random(seed)
    waiting = [(index, random_prompt(index, rng.randint(1, 40))) for index in range(7)]
    goals = [rng.randint(1, 25) for _ in waiting]
    frames = generator(model, num_slots=3)
    sitting: dict[int, int] = {}
    columns: dict[int, list[Tensor]] = {index: [] for index, _ in waiting}
    prompts = dict(waiting)
    while waiting or sitting:
        free = [slot for slot in range(3) if slot not in sitting]
        if waiting and free and rng.random() < 0.5:
            index, prompt = waiting.pop(0)
            sitting[slot := rng.choice(free)] = index
            frames.open(slot, prompt, parameters(index))
        planned = [slot for slot in sitting if rng.random() < 0.8]
        if not planned:
            continue
        drawn, new = read(frames, {slot: rng.randint(1, 12) for slot in planned})
        for slot, column in zip(drawn, new, strict=True):
            index = sitting[slot]
            columns[index].append(column)
            if len(columns[index]) == goals[index]:
                frames.close(slot)
                del sitting[slot]
    for index, goal in enumerate(goals):
        expected = alone(model, prompts[index], parameters(index), goal)
        assert torch.equal(torch.stack(columns[index]), expected)
    assert frames.pool.num_free == frames.pool.num_blocks


@pytest.mark.parametrize("budget", [1, 3, 8, 17])
def test_a_prompt_read_in_pieces_is_the_prompt_read_whole(
    model: LanguageModel, budget: int
) -> None:
    prompt = random_prompt(1, 30)
    frames = generator(model)
    frames.open(0, prompt, WARM)
    num_steps, columns = 0, torch.empty(0)
    while not len(columns):
        _, columns = read(frames, {0: budget})
        num_steps += 1
    assert num_steps == -(-30 // budget)
    rest = drawn_by(frames, 0, 20)
    assert torch.equal(torch.cat((columns, rest)), alone(model, prompt, WARM, 21))


def test_a_shared_beginning_is_as_one_computed_again(model: LanguageModel) -> None:
    prompt = random_prompt(2, 45)
    frames = generator(model)
    frames.open(0, prompt, WARM, num_shared=35)
    first = drawn_by(frames, 0, 10)
    frames.open(1, prompt, WARM, num_shared=35)
    # Four full blocks of eight are shared; what is left is read.
    assert frames.num_unread(1) == 45 - 32
    assert torch.equal(drawn_by(frames, 1, 10), first)
    # They outlive the sequence that computed them, and serve another text in the same voice.
    frames.close(0)
    frames.close(1)
    other = prompt.copy()
    other[:, 35:] = random_prompt(3, 10)
    frames.open(2, other, WARM, num_shared=35)
    assert frames.num_unread(2) == 45 - 32
    assert torch.equal(drawn_by(frames, 2, 10), alone(model, other, WARM, 10))


def test_an_evicted_sequence_shares_again_what_others_have_read(model: LanguageModel) -> None:
    prompt = random_prompt(2, 45)
    frames = generator(model)
    for slot in (0, 1):
        frames.open(slot, prompt, WARM, num_shared=35)
        columns = drawn_by(frames, slot, 5)
    frames.evict(frames.context(1), columns.T.numpy())
    before = frames.pool.num_free
    rest = drawn_by(frames, 1, 5)
    # All but the four blocks that the other one holds as well.
    assert before - frames.pool.num_free == 3
    assert torch.equal(torch.cat((columns, rest)), alone(model, prompt, WARM, 10))


def test_a_prompt_that_is_shared_whole_leaves_a_column_to_read(model: LanguageModel) -> None:
    prompt = random_prompt(2, 32)
    frames = generator(model)
    frames.open(0, prompt, WARM, num_shared=32)
    first = drawn_by(frames, 0, 5)
    frames.open(1, prompt, WARM, num_shared=32)
    assert frames.num_unread(1) == 8
    assert torch.equal(drawn_by(frames, 1, 5), first)


def test_a_used_slot_is_as_a_new_one(model: LanguageModel) -> None:
    frames = generator(model, num_slots=1, num_blocks=8)
    for seed in range(6):
        frames.open(0, random_prompt(seed, 20), parameters(seed))
        expected = alone(model, random_prompt(seed, 20), parameters(seed), 20)
        assert torch.equal(drawn_by(frames, 0, 20), expected)
        frames.close(0)


def test_an_evicted_sequence_goes_on_where_it_was(model: LanguageModel) -> None:
    prompt = random_prompt(4, 20)
    frames = generator(model)
    frames.open(0, prompt, WARM)
    columns = drawn_by(frames, 0, 9)
    for _ in range(2):
        parked = frames.park(0)
        frames.evict(parked.context, columns.T.numpy())
        frames.resume(0, parked)
        assert frames.pool.num_free == frames.pool.num_blocks
        columns = torch.cat((columns, drawn_by(frames, 0, 9)))
    assert torch.equal(columns, alone(model, prompt, WARM, 27))


def test_the_noise_of_a_segment_is_its_own(model: LanguageModel) -> None:
    prompt = random_prompt(5, 12)
    frames = generator(model)
    frames.open(0, prompt, WARM, first_frame=0)
    frames.open(1, prompt, WARM, first_frame=100)
    assert not torch.equal(drawn_by(frames, 0, 10), drawn_by(frames, 1, 10))


def test_another_seed_is_another_speech(model: LanguageModel) -> None:
    prompt = random_prompt(5, 12)
    speeches = {
        tuple(alone(model, prompt, DrawParameters(seed=seed), 10).flatten().tolist())
        for seed in (0, 1, 2**32, 2**53 - 1)
    }
    assert len(speeches) == 4


def test_a_step_without_room_reads_nothing(model: LanguageModel) -> None:
    frames = generator(model, num_slots=2, num_blocks=4)
    prompt = random_prompt(6, 20)
    frames.open(0, prompt, WARM)
    frames.open(1, prompt, WARM)
    with pytest.raises(OutOfBlocks, match="3 blocks wanted, 1 of 4 left"):
        read(frames, {0: 20, 1: 20})
    frames.close(1)
    assert torch.equal(drawn_by(frames, 0, 5), alone(model, prompt, WARM, 5))


def test_a_prompt_must_leave_room_for_a_frame(model: LanguageModel) -> None:
    with pytest.raises(PromptRejected, match="a prompt of 128 tokens; the limit is 127"):
        generator(model).open(0, random_prompt(0, 128), WARM)


def test_a_context_has_an_end(model: LanguageModel) -> None:
    frames = generator(model)
    frames.open(0, random_prompt(0, 126), WARM)
    drawn_by(frames, 0, 3)
    with pytest.raises(ContextFull):
        read(frames, {0: 1})


def test_only_speech_and_the_end_are_drawn(model: LanguageModel) -> None:
    frames: FrameGenerator = generator(model)
    frames.open(0, random_prompt(8, 10), DrawParameters(seed=0, temperature=2.0, top_p=1.0))
    columns = drawn_by(frames, 0, 100)
    assert set(columns[:, 0].tolist()) <= {3, *range(15, 65)}
    assert torch.equal(columns[:, 1], (columns[:, 0] - 15).clamp(min=0))


def test_a_parked_sequence_goes_on_in_any_slot(model: LanguageModel) -> None:
    prompt = random_prompt(4, 20)
    frames = generator(model)
    frames.open(0, prompt, WARM)
    columns = [drawn_by(frames, 0, 9)]
    parked = frames.park(0)
    frames.open(0, random_prompt(5, 10), WARM)
    drawn_by(frames, 0, 3)
    frames.resume(3, parked)
    columns.append(drawn_by(frames, 3, 9))
    parked = frames.park(3)
    frames.evict(parked.context, torch.cat(columns).T.numpy())
    assert parked.context.table.blocks == []
    frames.resume(1, parked)
    columns.append(drawn_by(frames, 1, 9))
    assert torch.equal(torch.cat(columns), alone(model, prompt, WARM, 27))


def test_a_parked_sequence_gives_its_blocks_back(model: LanguageModel) -> None:
    frames = generator(model)
    frames.open(0, random_prompt(4, 20), WARM)
    drawn_by(frames, 0, 2)
    frames.close_parked(frames.park(0))
    assert frames.pool.num_free == frames.pool.num_blocks


def test_a_sequence_that_reads_on_is_as_one_that_read_all_anew(model: LanguageModel) -> None:
    prompt, more = random_prompt(4, 20), random_prompt(5, 12)
    frames = generator(model)
    frames.open(0, prompt, WARM)
    drawn = drawn_by(frames, 0, 9)
    frames.extend(0, drawn[:8].T.numpy(), more)
    # The eighth of nine was read, the ninth was not and is left out.
    assert frames.num_unread(0) == 12
    on = drawn_by(frames, 0, 9)
    anew = generator(model)
    whole = np.concatenate((prompt, drawn[:8].T.numpy(), more), axis=1)
    anew.open(0, whole, WARM, first_frame=9)
    assert torch.equal(on, drawn_by(anew, 0, 9))
    # And again, after an eviction that has it read everything.
    frames.extend(0, on[:8].T.numpy(), more)
    parked = frames.park(0)
    frames.evict(parked.context, more[:, :0])
    frames.resume(0, parked)
    assert frames.num_unread(0) == 20 + 8 + 12 + 8 + 12
    anew.extend(0, on[:8].T.numpy(), more)
    assert torch.equal(drawn_by(frames, 0, 5), drawn_by(anew, 0, 5))


def test_a_sequence_that_cannot_read_on_is_as_it_was(model: LanguageModel) -> None:
    prompt = random_prompt(4, 20)
    frames = generator(model)
    frames.open(0, prompt, WARM)
    drawn = drawn_by(frames, 0, 9)
    with pytest.raises(PromptRejected):
        frames.extend(0, drawn.T.numpy(), random_prompt(5, 99))
    assert torch.equal(torch.cat((drawn, drawn_by(frames, 0, 3))), alone(model, prompt, WARM, 12))


def test_a_sequence_whose_numbers_are_lost_draws_nothing_and_harms_nobody() -> None:
    weights = random_weights(tiny_config())
    weights["embeddings.weight"][5] = torch.nan
    model = tiny_model(weights=weights)
    frames = generator(model)
    poisoned, sound = random_prompt(1, 20), random_prompt(2, 20)
    poisoned[0, 10], sound[0, sound[0] == 5] = 5, 6
    frames.open(0, poisoned, WARM)
    frames.open(1, sound, WARM)
    drawn, columns = read(frames, {0: 20, 1: 20})
    assert drawn == [0, 1]
    assert (columns[0] == NOT_DRAWN).all()
    frames.close(0)
    # Its blocks are used again.
    frames.open(2, sound, WARM)
    expected = alone(model, sound, WARM, 6)
    assert torch.equal(torch.cat((columns[1:], drawn_by(frames, 1, 5))), expected)
    assert torch.equal(drawn_by(frames, 2, 6), expected)
