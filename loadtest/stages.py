"""Where the time of a step of S1 goes."""

import time
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from typing import Any

import torch

from engine.runners.s1.model import S1Model

#: The slow transformer, the fast one with all draws, the codec, and everything around them.
STAGES = ("slow", "fast", "codec", "host")


class Stages:
    """A model whose parts are timed."""

    def __init__(self, model: S1Model) -> None:
        """Time the parts of `model`, which itself stays as it is."""
        self._device = model.language_model.device
        self._spent_s: dict[str, float] = {}
        language_model = model.language_model
        decoder = copy(model.codec.decoder)
        decoder.draft = self._timed("codec", decoder.draft)  # type: ignore[method-assign]
        timed = replace(
            language_model,
            slow=self._timed("slow", language_model.slow),  # type: ignore[arg-type]
            draw_frames=self._timed("fast", language_model.draw_frames),  # type: ignore[arg-type]
        )
        #: The same model, timed.
        self.model = replace(
            model, language_model=timed, codec=replace(model.codec, decoder=decoder)
        )

    def reset(self) -> None:
        """Begin to count anew."""
        self._spent_s.clear()

    def spent(self, wall_s: float) -> Iterator[tuple[str, float]]:
        """Return the seconds of each stage of what took `wall_s` in all."""
        *parts, rest = STAGES
        for part in parts:
            yield part, self._spent_s.get(part, 0.0)
        yield rest, wall_s - sum(self._spent_s.values())

    def _timed(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:  # noqa: ANN401 - whatever the part takes and gives
            began_s = time.perf_counter()
            result = call(*arguments)
            if self._device.type == "cuda":
                # Launched is not done.
                torch.cuda.synchronize(self._device)
            self._spent_s[stage] = self._spent_s.get(stage, 0.0) + time.perf_counter() - began_s
            return result

        return timed
