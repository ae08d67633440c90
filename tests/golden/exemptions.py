"""Values that a golden folder may have otherwise: nothing else in it says what they must be.

Places are keys and indices with slashes between; the last index of a list or of an axis is -1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True, slots=True)
class Exemption:
    """A place that no comparison can miss, and why."""

    file: str
    place: str
    reason: str
    #: Whether it holds for a value that stands beside such others.
    applies: Callable[[Mapping[str, Any]], bool] = lambda _: True
    #: Whether it holds for a value near by alone, and another is missed.
    is_slight: bool = False


_PROSE = "a sentence for whoever reads the file"
_NUMBERS_COMPARED = "a sentence; the tolerances that it names are compared"
_MISTAKEN = "measured in a mistaken original; what it is counted in is compared"
_NO_WEIGHT = "what has hardly a chance moves no probability by as much as the tolerance"
_NO_PENALTY = "without a window there is nothing to penalise"
_ONE_LEFT = "a single survivor has probability 1 at any temperature and any lower top-p"
_GREEDY = "where only the best survives, it does at any temperature and any low top-p"
_ENDED = "it ended before it came to so many"
_LOSING = "noise that loses a draw loses it at any size above"
_NEVER_READ = "the last code of a frame is drawn, and nothing is drawn after it"
_NEVER_PENALISED = "no window has codes of the first frame or of the last; tokens are compared"
_QUANTISED = "a single sample may move no code, and of this recording nothing else is stated"
_NEVER_OLDEST = "only the oldest column's token is penalised, and one of text agrees with no code"
_NAMED = "a name, which the manifest states too"
_TOLD = "whether there is such a key is compared, and how it is split is told in words"
_LENGTH = "how long a sequence may become; those of the folder are shorter"
_NO_TRANSFORMER = "the size of a transformer that no encoder block has"
_TRAINING = "it matters to training alone, and each checkpoint states its own"
_NO_DECODER = "the decoder has no transformers, whatever this says; how many blocks, is compared"
_UNREAD = "a merge that no text of the folder has; copies in other vocabularies are compared"
_STRAY = "weights of what the checkpoint has besides the model, and nobody reads"
_UNUSED = "a row of a token or code that no sequence of the folder has"
_MEASURED = "what rounding came to, measured once; that it is within the tolerance is compared"
_NEAR = "it is compared within a tolerance"
_SPARED = "what is penalised is none of the best two, or is cut off, a little more or less so"
_A_STEP = "a step of 16 bits moves a latent by less than its tolerance, and no code"
_ALL_LEFT = "all that is drawn from makes up 1, and no higher top-p removes any of it"


def _has_no_window(case: Mapping[str, Any]) -> bool:
    return case["window"] is None


def _is_alone(case: Mapping[str, Any]) -> bool:
    num_left: int = case.get("n_kept", case.get("n_nonzero"))
    return num_left == 1


def _is_greedy(case: Mapping[str, Any]) -> bool:
    return case["min_top2_gap"] is not None


def _is_whole(case: Mapping[str, Any]) -> bool:
    is_whole: bool = case["top_p"] >= 1
    return is_whole


def _has_ended(case: Mapping[str, Any]) -> bool:
    has_ended: bool = case["stopped_by_im_end"]
    return has_ended


EXEMPTIONS = (
    *(Exemption("MANIFEST.json", key, _PROSE) for key in ("set", "made_with", "arithmetic")),
    Exemption("MANIFEST.json", "checkpoint", _PROSE),
    Exemption("MANIFEST.json", "notes/*", _PROSE),
    Exemption("MANIFEST.json", "files/*/what", _PROSE),
    Exemption("MANIFEST.json", "files/*/tolerance", _NUMBERS_COMPARED),
    Exemption("MANIFEST.json", "mutations/*/mutation", _PROSE),
    Exemption("MANIFEST.json", "mutations/*/effect", _MISTAKEN),
    Exemption("j_tokenizer.json", "what", _PROSE),
    Exemption("j_tokenizer.json", "tolerance", _PROSE),
    Exemption("k_penalty.json", "what", _PROSE),
    Exemption("k_penalty.json", "tolerance", _PROSE),
    Exemption("k_penalty.json", "histories/*/columns/0/[-1-9]*", _NEVER_PENALISED),
    Exemption("k_penalty.json", "histories/*/columns/-1/[-1-9]*", _NEVER_PENALISED),
    Exemption("k_penalty.json", "histories/*/columns/*/0", _NEVER_OLDEST),
    Exemption("k_penalty.json", "histories/*/name", _NAMED),
    Exemption("m_edges.json", "what", _PROSE),
    Exemption("m_edges.json", "sampling/what", _PROSE),
    Exemption("m_edges.json", "sampling/tolerance", _NUMBERS_COMPARED),
    Exemption("m_edges.json", "pcm16/what", _PROSE),
    Exemption("m_edges.json", "pcm16/tolerance", _PROSE),
    Exemption("l_variants/l_variants.json", "what", _PROSE),
    Exemption("l_variants/l_variants.json", "*/tensors_mean/*", _PROSE),
    Exemption("l_variants/l_variants.json", "*/tolerance", _NUMBERS_COMPARED),
    Exemption("l_variants/l_variants.json", "variants/*/dims_note", _PROSE),
    Exemption("l_variants/l_variants.json", "variants/*/how", _PROSE),
    Exemption("l_variants/l_variants.json", "variants/*/checkpoint/split_wq_wk_wv", _TOLD),
    Exemption("checkpoint/config.json", "max_seq_len", _LENGTH),
    *(
        Exemption("*/config.json", key, _TRAINING)
        for key in ("dropout", "initializer_range", "use_gradient_checkpointing")
    ),
    Exemption("*/codec_dims.json", "quantizer/quantizer_dropout", _TRAINING),
    Exemption("*/codec_dims.json", "decoder_transformer_layers/*", _NO_DECODER),
    Exemption("*/tokenizer.tiktoken", "*", _UNREAD),
    Exemption("*/model.pth", "*embeddings.weight/*", _UNUSED),
    Exemption("*/codec.pth", "*codebook.weight/*", _UNUSED),
    *(
        Exemption(file, place, _STRAY)
        for file, place in (
            ("*/model.pth", "*audio_*/*"),
            ("*/codec.pth", "*discriminator.*/*"),
            ("*/codec.pth", "*mel_transform.*/*"),
        )
    ),
    Exemption(
        "l_variants/*/codec_dims.json", "transformer_general_config/block_size", _NO_TRANSFORMER
    ),
    Exemption("e_sampling.json", "*/repetition_penalty", _NO_PENALTY, _has_no_window),
    Exemption("e_sampling.json", "*/repetition_penalty", _NO_WEIGHT, _is_alone),
    Exemption("e_sampling.json", "*/temperature", _ONE_LEFT, _is_alone),
    Exemption("m_edges.json", "*/repetition_penalty", _NO_PENALTY, _has_no_window),
    Exemption("m_edges.json", "*/repetition_penalty", _NO_WEIGHT, _is_alone),
    Exemption("m_edges.json", "*/temperature", _ONE_LEFT, _is_alone),
    *(
        Exemption(file, place, _GREEDY, _is_greedy)
        for file in ("f_generate.json", "i_e2e.json")
        for place in ("*temperature", "*top_p")
    ),
    Exemption("f_generate.json", "*/max_new_tokens", _ENDED, _has_ended),
    Exemption("e_sampling.safetensors", "*_noise/*", _LOSING),
    *(
        Exemption(f"{stem}.safetensors", place, _NO_WEIGHT)
        for stem in ("e_sampling", "m_edges")
        for place in ("logits_*/*", "*window/*")
    ),
    Exemption("i_e2e.safetensors", "ref_pcm_s16/*", _QUANTISED),
    *(
        Exemption(file, place, _MEASURED, is_slight=True)
        for file, place in (
            ("MANIFEST.json", "float32_rounding_noise_observed*/*"),
            ("l_variants/l_variants.json", "variants/*/float32_rounding_noise_vs_float64*"),
        )
    ),
    *(
        Exemption(file, place, _NEAR, is_slight=True)
        for file, place in (
            ("f_generate.json", "*/min_top2_gap"),
            ("i_e2e.json", "min_top2_gap"),
            ("h_encode.json", "*/min_margin"),
            ("l_variants/l_variants.json", "variants/*/wrong_variants_max_abs_change/*"),
            ("m_edges.json", "*/exact_mass_of_zero_entries"),
            ("m_edges.json", "*/max_abs_to_nothing_removed"),
        )
    ),
    *(
        Exemption(f"{stem}.json", "*/repetition_penalty", _SPARED, is_slight=True)
        for stem in ("e_sampling", "f_generate", "m_edges")
    ),
    *(
        Exemption(f"{stem}.json", "*/top_p", _ONE_LEFT, _is_alone, is_slight=True)
        for stem in ("e_sampling", "m_edges")
    ),
    Exemption("m_edges.json", "*/top_p", _ALL_LEFT, _is_whole, is_slight=True),
    Exemption("h_encode.safetensors", "*.pcm_s16/*", _A_STEP, is_slight=True),
    Exemption("l_variants/*/expected.safetensors", "pcm_s16/*", _A_STEP, is_slight=True),
    Exemption("d_fast.safetensors", "forced_codes/*/-1", _NEVER_READ),
    Exemption("l_variants/*/expected.safetensors", "forced_codes/*/-1", _NEVER_READ),
)


def is_exempt(file: str, place: str, beside: Mapping[str, Any], *, is_slight: bool) -> bool:
    """Tell whether a value in `file` may be altered unseen; it stands `beside` others."""
    return any(
        fnmatchcase(file, each.file)
        and fnmatchcase(place, each.place)
        and each.applies(beside)
        and (is_slight or not each.is_slight)
        for each in EXEMPTIONS
    )
