"""`config.json`: what is absent has the original's default, and what is wrong is named."""

import json
from pathlib import Path

import pytest

from engine.runners.s1.config import read_config
from engine.runners.s1.errors import CheckpointError
from tests.engine.s1.tiny import FIELDS, tiny_config

#: The released model's.
RELEASED = {
    "attention_o_bias": False,
    "attention_qk_norm": True,
    "attention_qkv_bias": False,
    "codebook_size": 4096,
    "dim": 1024,
    "dropout": 0.0,
    "fast_attention_o_bias": False,
    "fast_attention_qk_norm": False,
    "fast_attention_qkv_bias": False,
    "fast_dim": 1024,
    "fast_head_dim": 64,
    "fast_intermediate_size": 3072,
    "fast_n_head": 16,
    "fast_n_local_heads": 8,
    "head_dim": 128,
    "initializer_range": 0.03125,
    "intermediate_size": 3072,
    "max_seq_len": 8192,
    "model_type": "dual_ar",
    "n_fast_layer": 4,
    "n_head": 16,
    "n_layer": 28,
    "n_local_heads": 8,
    "norm_eps": 1e-6,
    "num_codebooks": 10,
    "rope_base": 1_000_000,
    "scale_codebook_embeddings": True,
    "tie_word_embeddings": False,
    "use_gradient_checkpointing": True,
    "vocab_size": 155_776,
}


def write(folder: Path, fields: object) -> None:
    (folder / "config.json").write_text(json.dumps(fields))


def test_the_released_configuration_is_read(tmp_path: Path) -> None:
    write(tmp_path, RELEASED)
    config = read_config(tmp_path)
    assert config.slow.qkv_dim == 4096
    assert config.slow.qk_norm
    assert config.fast.qkv_dim == 2048
    assert not config.fast.qk_norm
    assert (config.vocab_size, config.max_seq_len) == (155_776, 8_192)


def test_absent_sizes_of_the_fast_transformer_are_those_of_the_slow() -> None:
    config = tiny_config(fast_dim=0, fast_n_head=None)
    assert (config.fast.dim, config.fast.num_heads) == (config.slow.dim, config.slow.num_heads)
    assert config.fast.head_dim == config.slow.head_dim
    assert config.fast.qk_norm
    assert tiny_config(fast_attention_qk_norm=None).fast.qk_norm


def test_an_absent_feed_forward_size_is_eight_thirds_of_the_width_rounded_up() -> None:
    assert tiny_config(intermediate_size=None, dim=1_000).slow.ffn_dim == 2_816
    assert tiny_config(intermediate_size=None, dim=96).slow.ffn_dim == 256


@pytest.mark.parametrize(
    ("changes", "key", "problem"),
    [
        ({"n_layers": 3}, "n_layers", "unknown key"),
        ({"model_type": "naive"}, "model_type", "not 'dual_ar'"),
        ({"hidden_size": 8, "model_type": "llama"}, "model_type", "not 'dual_ar'"),
        ({"dim": 0}, "dim", "not a whole number"),
        ({"dim": "64"}, "dim", "not a whole number"),
        ({"dim": True}, "dim", "not a whole number"),
        ({"fast_dim": -5}, "fast_dim", "not a whole number"),
        ({"intermediate_size": 1.5}, "intermediate_size", "not a whole number"),
        ({"n_local_heads": 3}, "n_local_heads", "do not divide the 4 heads"),
        ({"head_dim": 15}, "head_dim", "must be even"),
        ({"rope_base": 0}, "rope_base", "not a number from 1 "),
        ({"rope_base": 1e-300}, "rope_base", "not a number from 1 "),
        ({"rope_base": 10**400}, "rope_base", "not a number"),
        ({"norm_eps": 10**400}, "norm_eps", "not a number"),
        ({"norm_eps": 1e39}, "norm_eps", r"not a number from 1e-30 to 1$"),
        ({"max_seq_len": 10**13}, "max_seq_len", "not a whole number from 1 to 131072"),
        ({"n_layer": 10**9}, "n_layer", "not a whole number from 1 to 256"),
        ({"n_fast_layer": 10**9}, "n_fast_layer", "not a whole number from 1 to 256"),
        ({"norm_eps": float("nan")}, "norm_eps", "not a number"),
        ({"tie_word_embeddings": 1}, "tie_word_embeddings", "neither true nor false"),
    ],
)
def test_what_no_model_has_is_named(
    tmp_path: Path, changes: dict[str, object], key: str, problem: str
) -> None:
    write(tmp_path, FIELDS | changes)
    with pytest.raises(CheckpointError, match=problem) as caught:
        read_config(tmp_path)
    assert caught.value.key == key
    assert f"{tmp_path / 'config.json'}: {key}" in str(caught.value)


def test_what_has_no_default_must_be_there(tmp_path: Path) -> None:
    write(tmp_path, {key: value for key, value in FIELDS.items() if key != "n_layer"})
    with pytest.raises(CheckpointError, match="n_layer: missing"):
        read_config(tmp_path)


@pytest.mark.parametrize("contents", ["", "{", "[]", "\ud800".encode("utf-8", "surrogatepass")])
def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path, contents: str | bytes) -> None:
    data = contents.encode() if isinstance(contents, str) else contents
    (tmp_path / "config.json").write_bytes(data)
    with pytest.raises(CheckpointError, match=r"config\.json"):
        read_config(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"config\.json: No such file"):
        read_config(tmp_path)
