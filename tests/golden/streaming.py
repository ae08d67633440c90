"""Decodes one utterance the way a server does: in slots, in chunks, among strangers."""

import torch
from torch import Tensor

from engine.runners.s1.codec import Decoder, slots_of

#: The ramp of a stream that gets ahead of its listener.
CHUNKS = (1, 2, 4, 8)
_SLOTS = 5
_OURS, _MOVED_TO = 3, 1
_NEIGHBOURS = (0, 4)
#: The call before which our stream is parked, and its old slot given to somebody else.
_PARKED_AT = 3


def decode_among_neighbours(decoder: Decoder, codes: Tensor) -> Tensor:
    """Return the samples (n,) of `codes` (codebooks, frames).

    One neighbour has spoken before, the other joins in the second call and pauses in every third;
    on the way our stream is parked and goes on in another slot, which was used before.
    """
    state = decoder.new_state(_SLOTS, max(CHUNKS))
    draw = torch.Generator().manual_seed(1)
    device = decoder.device

    def noise(frames: int, rows: int = 1) -> Tensor:
        shape = (rows, len(codes), frames)
        return torch.randint(0, 1024, shape, generator=draw).to(device)

    decoder.decode(noise(5, 2), slots_of([_NEIGHBOURS[0], _MOVED_TO], device), state)
    ours, at, pieces = _OURS, 0, []
    for call in range(codes.shape[1]):
        if at == codes.shape[1]:
            break
        if call == _PARKED_AT:
            parked = state.copy_out(ours)
            state.reset(slots_of([ours], device))
            decoder.decode(noise(3), slots_of([ours], device), state)
            ours = _MOVED_TO
            state.copy_in(ours, parked)
        chunk = codes[:, at : at + CHUNKS[call % len(CHUNKS)]].to(device)
        at += chunk.shape[1]
        neighbours = _NEIGHBOURS[: 1 if call % 3 == 0 else 2]
        batch = torch.cat([noise(chunk.shape[1], len(neighbours)), chunk[None]])
        slots = slots_of([*neighbours, ours], device)
        pieces.append(decoder.decode(batch, slots, state)[-1])
    return torch.cat(pieces)
