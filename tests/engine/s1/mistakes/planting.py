"""How a mistake is planted."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from torch import Tensor

from engine.runners.s1 import language_model
from engine.runners.s1.config import DualARConfig
from engine.runners.s1.language_model import LanguageModel
from tests.golden import transformers

Plant = Callable[[pytest.MonkeyPatch], None]
Weights = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake, and the golden files that must catch it, each by itself."""

    plant: Plant
    caught_by: tuple[str, ...]


def built_from(
    config: Callable[[DualARConfig], DualARConfig] = lambda config: config,
    weights: Callable[[Weights], Weights] = lambda weights: weights,
    **others: int,
) -> Plant:
    """Have models built from another configuration, or from other weights, than were read."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        right = language_model.assemble

        def wrong(read: DualARConfig, found: Weights, **arguments: object) -> LanguageModel:
            return right(config(read), weights(found), **(arguments | others))  # type: ignore[arg-type]

        monkeypatch.setattr(language_model, "assemble", wrong)
        monkeypatch.setattr(transformers, "assemble", wrong)

    return plant


def both_stacks(**changes: object) -> Callable[[DualARConfig], DualARConfig]:
    """Change the sizes of the slow and of the fast transformer."""

    def change(config: DualARConfig) -> DualARConfig:
        slow, fast = (replace(stack, **changes) for stack in (config.slow, config.fast))  # type: ignore[arg-type]
        return replace(config, slow=slow, fast=fast)

    return change


def replaced(target: object, name: str, value: object) -> Plant:
    """Put something else in the place of an attribute."""
    return lambda monkeypatch: monkeypatch.setattr(target, name, value)
