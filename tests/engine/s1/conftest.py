"""One thread: the models are so small that several only wait for each other."""

from collections.abc import Iterator

import pytest
import torch

from engine.pytorch import tensors
from engine.pytorch.archive import read_archive
from engine.pytorch.pth import find_stored


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
def unconfined() -> Iterator[None]:
    """Look through each `.pth` in this process: `test_confined.py` has another, for 2 s each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tensors, "find_confined", lambda path: find_stored(path, read_archive(path)))
        yield
