"""One thread: the models are so small that several only wait for each other."""

from collections.abc import Iterator

import pytest
import torch

from engine.pytorch import tensors, trial


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def without_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.fixture(autouse=True, scope="package")
def tried_out_here() -> Iterator[None]:
    """Read each `.pth` in this process alone: `test_trial.py` has the other, which takes 2 s."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tensors, "try_out", trial.check)
        yield
