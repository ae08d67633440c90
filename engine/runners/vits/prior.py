"""The first half of VITS: from tokens to the latents of a sound, for a batch of segments.

Kim, Kong and Son, "Conditional Variational Autoencoder with Adversarial Learning for End-to-End
Text-to-Speech", 2021. The modules are those of `transformers`; they are called one by one, since
its own forward draws one noise for a whole batch and lets nothing bound what it allocates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import VitsModel

from engine.errors import Unspeakable
from engine.runners.vits.noise import SegmentNoise


@dataclass(frozen=True, slots=True)
class Line:
    """A segment to be spoken."""

    #: At least one.
    tokens: list[int]
    #: None where the checkpoint has no speakers.
    speaker: int | None
    #: 1 is the checkpoint's own pace, 2 twice as fast.
    speed: float
    noise: SegmentNoise
    #: It is cut there.
    max_hops: int


@dataclass(frozen=True, slots=True)
class Latents:
    """A segment before the vocoder."""

    #: (flow_size, num_hops).
    values: Tensor
    #: (speaker_embedding_size, 1), None without speakers.
    speaker: Tensor | None
    #: Whether it goes on beyond `max_hops`.
    is_cut: bool


class Prior:
    """Text encoder, duration predictor and flow. A line sounds the same in every batch."""

    def __init__(self, model: VitsModel) -> None:
        """Use the modules of `model`, on the device and in the dtype they are in."""
        self._model = model
        self._like = model.text_encoder.embed_tokens.weight

    def __call__(self, lines: Sequence[Line]) -> list[Latents]:
        """Return the latents of each line.

        Raises:
            Unspeakable: some of the numbers are not finite. Which line's they are is found by
                trying them one by one.
        """
        tokens = pad_sequence([torch.tensor(line.tokens) for line in lines], batch_first=True)
        mask = self._mask([len(line.tokens) for line in lines])
        speakers = self._speakers(lines)
        encoded = self._model.text_encoder(
            input_ids=tokens.to(self._like.device),
            padding_mask=mask.transpose(1, 2),
            attention_mask=mask[:, 0].long(),
            return_dict=True,
        )
        hidden = encoded.last_hidden_state.transpose(1, 2)
        _check_finite(hidden)
        durations, are_cut = _cut(
            self._durations(lines, hidden, mask, speakers), [line.max_hops for line in lines]
        )
        stats = torch.cat((encoded.prior_means, encoded.prior_log_variances), dim=2)
        latents = self._latents(lines, durations, stats, speakers)
        return [
            Latents(values, None if speakers is None else speakers[index], is_cut)
            for index, (values, is_cut) in enumerate(zip(latents, are_cut, strict=True))
        ]

    def _durations(
        self, lines: Sequence[Line], hidden: Tensor, mask: Tensor, speakers: Tensor | None
    ) -> Tensor:
        """Return (B, tokens) int64: the hops of each token."""
        if self._model.config.use_stochastic_duration_prediction:
            logarithms = self._drawn_durations(lines, hidden, mask, speakers)
        else:
            logarithms = self._model.duration_predictor(hidden, mask, speakers)
        _check_finite(logarithms)
        paces = self._tensor([self._model.config.speaking_rate * line.speed for line in lines])
        lengths = torch.ceil(torch.exp(logarithms[:, 0]) * mask[:, 0] / paces[:, None])
        # Infinity has no integer; any single token of that length is past the end.
        return lengths.clamp(max=max(line.max_hops for line in lines) + 1).long()

    def _drawn_durations(
        self, lines: Sequence[Line], hidden: Tensor, mask: Tensor, speakers: Tensor | None
    ) -> Tensor:
        """Return (B, 1, tokens): the reverse of the stochastic duration predictor."""
        predictor = self._model.duration_predictor
        condition = predictor.conv_pre(hidden)
        if speakers is not None:
            condition = condition + predictor.cond(speakers)
        condition = predictor.conv_proj(predictor.conv_dds(condition, mask)) * mask
        noise = self._padded([line.noise.durations(len(line.tokens)) for line in lines])
        latents = noise * self._model.config.noise_scale_duration
        # Backwards, without the first of its flows, which the original leaves out as well.
        for flow in (*reversed(predictor.flows[2:]), predictor.flows[0]):
            latents, _ = flow(latents.flip(1), mask, global_conditioning=condition, reverse=True)
        return latents[:, :1]

    def _latents(
        self,
        lines: Sequence[Line],
        durations: Tensor,
        stats: Tensor,
        speakers: Tensor | None,
    ) -> list[Tensor]:
        """Return (flow_size, hops) of each line; `stats` are (B, tokens, 2 * flow_size)."""
        spread = [
            row.repeat_interleave(lengths, dim=0).T
            for row, lengths in zip(stats, durations, strict=True)
        ]
        num_hops = [row.shape[1] for row in spread]
        means, log_deviations = self._padded(spread).chunk(2, dim=1)
        channels = means.shape[1]
        noise = self._padded(
            [line.noise.latents(channels, n) for line, n in zip(lines, num_hops, strict=True)]
        )
        drawn = means + noise * torch.exp(log_deviations) * self._model.config.noise_scale
        mask = self._mask(num_hops)
        flowed = self._model.flow(drawn, mask, speakers, reverse=True) * mask
        _check_finite(flowed)
        return [row[:, :n].clone() for row, n in zip(flowed, num_hops, strict=True)]

    def _speakers(self, lines: Sequence[Line]) -> Tensor | None:
        """Return (B, speaker_embedding_size, 1)."""
        ids = [line.speaker for line in lines if line.speaker is not None]
        if not ids:
            return None
        embedded: Tensor = self._model.embed_speaker(torch.tensor(ids, device=self._like.device))
        return embedded.unsqueeze(-1)

    def _mask(self, lengths: Sequence[int]) -> Tensor:
        """Return (B, 1, longest): one within each length, zero beyond it."""
        places = torch.arange(max(lengths), device=self._like.device)
        within = places < torch.tensor(lengths, device=self._like.device)[:, None]
        return within[:, None].to(self._like.dtype)

    def _padded(self, rows: list[Tensor]) -> Tensor:
        """Return (B, channels, longest) from (channels, length) each."""
        padded = pad_sequence([row.T for row in rows], batch_first=True)
        return padded.transpose(1, 2).to(self._like)

    def _tensor(self, values: list[float]) -> Tensor:
        return torch.tensor(values, device=self._like.device, dtype=self._like.dtype)


def _cut(durations: Tensor, max_hops: list[int]) -> tuple[Tensor, list[bool]]:
    """Return `durations` (B, tokens) of which no row is longer than it may be, and which were."""
    limits = torch.tensor(max_hops, device=durations.device)
    ends = durations.cumsum(dim=1)
    are_cut: list[bool] = (ends[:, -1] > limits).tolist()
    ends = ends.clamp(max=limits[:, None])
    return ends.diff(dim=1, prepend=torch.zeros_like(ends[:, :1])), are_cut


def _check_finite(values: Tensor) -> None:
    if not values.isfinite().all():
        raise Unspeakable("the model's numbers are not finite")
