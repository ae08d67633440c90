"""A model by its name: what is missing is said, with what to do about it."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from engine.errors import ModelUnavailable
from engine.pytorch.device import best_device, num_threads
from engine.runners.s1.build import fastest_dtype
from engine.runners.s1.convert import convert
from server.models import convert_checkpoint, load_runner
from tests.engine.vits.tiny import write_checkpoint

CHECKPOINT = Path(__file__).parents[1] / "golden" / "vectors" / "checkpoint"


@pytest.fixture(autouse=True)
def _same_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CHECKPOINT, tmp_path / "checkpoint"))


@pytest.mark.slow
def test_a_folder_is_an_s1_checkpoint() -> None:
    info = load_runner(str(CHECKPOINT)).info
    assert (info.name, info.sample_rate_hz, info.frame_samples) == ("s1", 44_100, 2_048)
    assert [voice.id for voice in info.voices] == ["default"]
    assert info.weights_licence == "CC-BY-NC-SA-4.0"


@pytest.mark.slow
def test_a_folder_whose_config_says_so_is_a_vits_checkpoint(tmp_path: Path) -> None:
    info = load_runner(str(write_checkpoint(tmp_path))).info
    assert (info.name, info.sample_rate_hz, info.weights_licence) == ("vits", 8_000, None)


def test_a_name_that_is_no_model_and_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"no model '.*nowhere'; there are espeak, tone"):
        load_runner(str(tmp_path / "nowhere"))
    with pytest.raises(ModelUnavailable, match="no model ''"):
        load_runner("")


def test_a_folder_without_a_checkpoint_says_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"config\.json: No such file"):
        load_runner(str(tmp_path))


@pytest.mark.parametrize(
    ("file", "contents"),
    [
        ("config.json", b"{}"),
        ("config.json", b'{"model_type": "llama"}'),
        ("tokenizer.tiktoken", b""),
        ("special_tokens.json", b"[]"),
        ("model.pth", b"damaged"),
        ("codec.pth", b"damaged"),
        ("codec_dims.json", b"{}"),
    ],
)
def test_a_wrong_file_of_a_checkpoint_is_named(folder: Path, file: str, contents: bytes) -> None:
    (folder / file).write_bytes(contents)
    with pytest.raises(ModelUnavailable, match=rf"checkpoint/{file}"):
        load_runner(str(folder))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("library", "function"),
    [
        ("torch", "load_runner"),
        ("safetensors", "load_runner"),
        ("tiktoken", "load_runner"),
        ("torch", "convert_checkpoint"),
    ],
)
def test_a_missing_library_is_named_with_what_to_install(library: str, function: str) -> None:
    program = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "from server import models; from engine.errors import ModelUnavailable\n"
        f"try: models.{function}(sys.argv[1])\n"
        "except ModelUnavailable as error: print(error)"
    )
    found = subprocess.run(
        [sys.executable, "-c", program, str(CHECKPOINT)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pip install 'voxline[s1]'" in found.stdout
    assert library in found.stdout


@pytest.mark.slow
@pytest.mark.parametrize("library", ["torch", "transformers"])
def test_a_library_that_vits_lacks_is_named_with_what_to_install(
    tmp_path: Path, library: str
) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "vits"}')
    program = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "from server.models import load_runner; from engine.errors import ModelUnavailable\n"
        "try: load_runner(sys.argv[1])\n"
        "except ModelUnavailable as error: print(error)"
    )
    found = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert found.stdout == f"this model needs {library}: pip install 'voxline[vits]'\n"


def test_the_default_model_loads_no_library_of_another() -> None:
    program = (
        "import sys, server.__main__, server.models\n"
        "print({'torch', 'transformers'} & {*sys.modules})"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout == "set()\n"


@pytest.mark.slow
def test_what_is_converted_is_read_instead_and_is_the_same(folder: Path) -> None:
    written = convert_checkpoint(folder)
    assert [path.name for path in written] == ["model.safetensors", "codec.safetensors"]
    (folder / "model.pth").unlink()
    (folder / "codec.pth").unlink()
    assert load_runner(str(folder)).info.name == "s1"
    before = {path.name: path.read_bytes() for path in written}
    assert {path.name: path.read_bytes() for path in convert(folder)} == before


def test_a_codec_that_is_not_whole_is_not_converted(folder: Path) -> None:
    (folder / "codec.pth").write_bytes(b"damaged")
    with pytest.raises(ModelUnavailable):
        convert_checkpoint(folder)
    assert not list(folder.glob("*.safetensors"))


def test_a_cpu_computes_in_what_it_multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    for ask in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, ask, lambda: False, raising=False)
    assert fastest_dtype(torch.device("cpu")) is torch.float32
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True)
    assert fastest_dtype(torch.device("cpu")) is torch.bfloat16
    assert fastest_dtype(torch.device("cuda")) is torch.bfloat16


def test_of_many_cores_one_is_left_to_the_event_loop() -> None:
    assert [num_threads(cores) for cores in (1, 2, 3, 16)] == [1, 2, 2, 15]


def test_a_gpu_plans_no_attention_and_rounds_no_convolution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cuda, cudnn = torch.backends.cuda, torch.backends.cudnn
    before = cuda.cudnn_sdp_enabled(), cudnn.allow_tf32
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    try:
        assert best_device() == torch.device("cuda")
        assert not cuda.cudnn_sdp_enabled()
        assert not cudnn.allow_tf32
    finally:
        cuda.enable_cudnn_sdp(before[0])
        cudnn.allow_tf32 = before[1]
