"""What is recorded on a GPU is what is computed anew there, and what a CPU computes."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - the name that everyone uses
from torch import Tensor

from engine.runners.s1.build import fastest_dtype
from engine.runners.s1.capture import CudaGraphs
from engine.runners.s1.codec import Decoder, build_codec, slots_of
from engine.runners.s1.codec.random_weights import RandomWeights
from engine.runners.s1.codec_graphs import CHUNKS
from engine.runners.s1.decode_batch import DecodeBatch
from engine.runners.s1.paged_cache import PagedCache
from tests.engine.s1.codec.tiny import CPU, TINY, random_codes, tiny_codec
from tests.engine.s1.test_graphs import decoded, drawn, recorded_decoder
from tests.engine.s1.tiny import generator, random_prompt, tiny_model

pytestmark = pytest.mark.gpu

CUDA = torch.device("cuda")
LENGTHS = (5, 30, 1, 70)
NUM_STEPS = 40
#: Of states, given every input. On a CPU logits in bfloat16 keep 0.9995 at the least.
MIN_COSINE = 0.999
#: Float64 leaves the order of additions no room.
TOLERANCE = 1e-9


def gpu_decoder(dtype: torch.dtype = torch.float64) -> Decoder:
    return build_codec(TINY, RandomWeights(seed=3), CUDA, dtype).decoder


def test_recorded_frames_are_those_computed_anew_and_those_of_a_cpu() -> None:
    on_gpu = tiny_model(torch.float64, device=CUDA)
    recorded = drawn(generator(on_gpu, capture=CudaGraphs(CUDA)), list(LENGTHS), NUM_STEPS)
    anew = drawn(generator(on_gpu), list(LENGTHS), NUM_STEPS)
    on_cpu = drawn(generator(tiny_model(torch.float64)), list(LENGTHS), NUM_STEPS)
    for slot in recorded:
        assert torch.equal(torch.stack(recorded[slot]), torch.stack(anew[slot]))
        assert torch.equal(torch.stack(recorded[slot]), torch.stack(on_cpu[slot]))


def test_recorded_chunks_are_those_computed_anew_and_those_of_a_cpu() -> None:
    decoder, on_cpu = gpu_decoder(), tiny_codec(torch.float64).decoder
    recorded, anew = (decoder.new_state(4, CHUNKS[-1]) for _ in range(2))
    state = on_cpu.new_state(3, CHUNKS[-1])
    graphs = recorded_decoder(decoder, recorded, CudaGraphs(CUDA))
    for seed, (chunk, slots) in enumerate(
        [(1, [0, 1, 2]), (2, [2, 0]), (8, [1]), (1, [1, 0]), (7, [0, 1, 2])]
    ):
        codes = torch.stack([random_codes(seed + slot, chunk) for slot in slots])
        found = decoded(graphs, codes, slots)
        expected = decoder.decode(codes.to(CUDA), slots_of(slots, CUDA), anew)
        assert torch.allclose(found, expected.cpu(), atol=TOLERANCE, rtol=0)
        heard = on_cpu.decode(codes, slots_of(slots, CPU), state)
        assert torch.allclose(found, heard, atol=TOLERANCE, rtol=0)


def states(dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return the states (B, dim) of two rows after eight columns each, in float32 on the host."""
    model = tiny_model(dtype, device=device)
    cache = PagedCache(model.config.slow, 2, 8, dtype=dtype, device=device)
    found = torch.empty(0)
    for position in range(8):
        columns = torch.from_numpy(random_prompt(position, 2).T.copy()).to(device)
        positions = torch.full((2,), position, device=device)
        batch = DecodeBatch(cache, positions, torch.tensor([[0], [1]], device=device))
        found = model.slow(columns, positions, batch)
    return found.float().cpu()


def test_bfloat16_on_a_gpu_points_where_float32_on_a_cpu_does() -> None:
    assert fastest_dtype(CUDA) is torch.bfloat16
    cosines = F.cosine_similarity(states(torch.bfloat16, CUDA), states(torch.float32, CPU), dim=-1)
    assert cosines.min() > MIN_COSINE
