"""`config.json` of a checkpoint: what the weights cannot prove is checked here."""

from pathlib import Path
from typing import Any

from transformers import VitsConfig
from transformers.activations import ACT2FN

from engine.errors import CheckpointError
from engine.pytorch.json_file import (
    LARGEST,
    MAX_SIZE,
    SMALLEST,
    check_number,
    check_size,
    read_object,
)
from engine.runner import SAMPLE_RATES_HZ

CONFIG_FILE = "config.json"
#: No weight has the size of a dilation, so nothing else bounds what it makes a convolution
#: allocate. Known checkpoints have 5 at most.
_MAX_DILATION = 64
#: Each takes a millisecond to build before the weights can prove it; known checkpoints have 16.
_MAX_LAYERS = 256
_LAYERS = (
    "num_hidden_layers",
    "prior_encoder_num_flows",
    "prior_encoder_num_wavenet_layers",
    "posterior_encoder_num_wavenet_layers",
    "duration_predictor_num_flows",
    "depth_separable_num_layers",
)
#: Known checkpoints have 768 at most. The weights prove most of them, but not before torch has
#: tried to make tensors of them, and its words name no key.
_MAX_WIDTH = 1 << 16
_WIDTHS = (
    "vocab_size",
    "hidden_size",
    "num_attention_heads",
    "ffn_dim",
    "ffn_kernel_size",
    "flow_size",
    "spectrogram_bins",
    "num_speakers",
    "upsample_initial_channel",
    "depth_separable_channels",
    "duration_predictor_flow_bins",
    "duration_predictor_kernel_size",
    "duration_predictor_filter_channels",
    "wavenet_kernel_size",
)
#: The least and the most of each. Noise of so many deviations is no speech, and its durations no
#: numbers; 5 is the bound of a duration's splines in known checkpoints.
_NUMBERS = {
    "speaking_rate": (SMALLEST, LARGEST),
    "leaky_relu_slope": (SMALLEST, LARGEST),
    "layer_norm_eps": (SMALLEST, 1.0),
    "noise_scale": (0.0, 100.0),
    "noise_scale_duration": (0.0, 100.0),
    "duration_predictor_tail_bound": (1e-3, 1e3),
}


def read_config(folder: Path) -> VitsConfig:
    """Read `config.json` in `folder`.

    Raises:
        CheckpointError: the file is missing or no JSON object, is another model's, or a value has
            a type or a size with which no VITS speaks.
    """
    path = folder / CONFIG_FILE
    fields = read_object(path)
    if fields.get("model_type") != "vits":
        raise CheckpointError(path, f"{fields.get('model_type')!r} is not 'vits'", "model_type")
    config = _parse(fields, path)
    for key, (least, most) in _NUMBERS.items():
        check_number(getattr(config, key), path, key, least, most)
    for key in _WIDTHS:
        check_size(getattr(config, key), path, key, most=_MAX_WIDTH)
    for key in _LAYERS:
        check_size(getattr(config, key), path, key, most=_MAX_LAYERS)
    check_size(config.speaker_embedding_size, path, "speaker_embedding_size", 0, _MAX_WIDTH)
    check_size(config.sampling_rate, path, "sampling_rate", *SAMPLE_RATES_HZ)
    _check_attention(config, path)
    _check_vocoder(config, path)
    return config


def _parse(fields: dict[str, Any], path: Path) -> VitsConfig:
    try:
        return VitsConfig.from_dict(fields)
    except Exception as error:  # the library has an exception of its own for every kind of value
        problem = str(error).strip().replace("\n", " ")
        raise CheckpointError(path, problem or type(error).__name__) from error


def _check_attention(config: VitsConfig, path: Path) -> None:
    if config.hidden_size % config.num_attention_heads:
        problem = f"{config.num_attention_heads} do not divide {config.hidden_size} channels"
        raise CheckpointError(path, problem, "num_attention_heads")
    if config.hidden_act not in ACT2FN:
        raise CheckpointError(path, f"{config.hidden_act!r} is no activation", "hidden_act")


def _check_vocoder(config: VitsConfig, path: Path) -> None:
    rates, kernels = config.upsample_rates, config.upsample_kernel_sizes
    _check_sizes(rates, path, "upsample_rates")
    _check_sizes(kernels, path, "upsample_kernel_sizes")
    for rate, kernel in zip(rates, kernels, strict=True):
        # Else a hop is not as many samples as the rates say.
        if kernel < rate or (kernel - rate) % 2:
            problem = f"{kernel} does not go with an upsampling by {rate}"
            raise CheckpointError(path, problem, "upsample_kernel_sizes")
    _check_sizes(config.resblock_kernel_sizes, path, "resblock_kernel_sizes")
    if any(kernel % 2 == 0 for kernel in config.resblock_kernel_sizes):
        raise CheckpointError(path, "an even size has no middle", "resblock_kernel_sizes")
    dilations = config.resblock_dilation_sizes
    if len(dilations) != len(config.resblock_kernel_sizes):
        raise CheckpointError(path, "not one list for each kernel", "resblock_dilation_sizes")
    for each in dilations:
        if not isinstance(each, list | tuple):
            raise CheckpointError(path, f"{each!r} is not a list", "resblock_dilation_sizes")
        _check_sizes(each, path, "resblock_dilation_sizes", _MAX_DILATION)
    wavenet = config.wavenet_dilation_rate ** max(config.prior_encoder_num_wavenet_layers - 1, 0)
    check_size(wavenet, path, "wavenet_dilation_rate", most=_MAX_DILATION)


def _check_sizes(values: object, path: Path, key: str, most: int = MAX_SIZE) -> None:
    sizes = values if isinstance(values, list | tuple) and values else [values]
    for value in sizes:
        check_size(value, path, key, most=most)
