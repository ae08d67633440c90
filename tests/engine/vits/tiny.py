"""A tiny VITS of random weights, as a checkpoint folder of the Hub's format."""

import json
import string
from pathlib import Path

import torch
from transformers import VitsConfig, VitsModel, VitsTokenizer

from engine.runners.vits.model import load_checkpoint
from engine.runners.vits.runner import VitsRunner

CPU = torch.device("cpu")
VOCABULARY = {char: n for n, char in enumerate(f"_ {string.ascii_lowercase}'-0123456789")}
SIZES = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "ffn_dim": 16,
    "flow_size": 8,
    "spectrogram_bins": 9,
    "upsample_initial_channel": 16,
    "upsample_rates": [8, 4],
    "upsample_kernel_sizes": [16, 8],
    "resblock_kernel_sizes": [3, 5],
    "resblock_dilation_sizes": [[1, 3], [1, 3]],
    "duration_predictor_filter_channels": 16,
    "duration_predictor_num_flows": 2,
    "prior_encoder_num_flows": 2,
    "prior_encoder_num_wavenet_layers": 2,
    "posterior_encoder_num_wavenet_layers": 1,
    "sampling_rate": 8_000,
}
#: Of a request that states none.
SEED = 36


def write_checkpoint(
    folder: Path, tokenizer: dict[str, object] | None = None, **sizes: object
) -> Path:
    """Write a checkpoint of the Hub's format; return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    model = VitsModel(VitsConfig.from_dict(SIZES | sizes))
    with torch.no_grad():
        # Far from full scale, where all samples would be alike.
        model.decoder.conv_post.weight.mul_(0.1)
    model.save_pretrained(folder)
    vocabulary = folder / "words.json"
    vocabulary.write_text(json.dumps(VOCABULARY))
    fields = {"language": "eng", "phonemize": False, "pad_token": "_"} | (tokenizer or {})
    VitsTokenizer(str(vocabulary), **fields).save_pretrained(folder)
    vocabulary.unlink()
    return folder


def make_runner(
    folder: Path, dtype: torch.dtype = torch.float64, *, max_batch: int = 3
) -> VitsRunner:
    """Return a runner that draws the same seed for everyone who states none.

    In float64 rounding is far below a step of PCM16, whatever is computed with whom.
    """
    checkpoint = load_checkpoint(folder, device=CPU, dtype=dtype)
    return VitsRunner(checkpoint, max_batch=max_batch, draw_seed=lambda: SEED)
