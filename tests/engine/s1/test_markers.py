"""Markers of emotion reach S1's tokens as they were written, whatever else is written out."""

from dataclasses import replace

import pytest
import torch

from engine.request import SynthesisRequest
from engine.runner import Feature
from engine.runners.s1.config import DualARConfig
from engine.runners.s1.prompt import Columns, PromptBuilder
from engine.runners.s1.tokenizer import Tokenizer
from engine.speaking import speak
from engine.text.rules import TextRules
from tests.engine.s1.speaker import make_runner, tiny_speaker


class RecordingPrompts(PromptBuilder):
    """Remembers the texts it has built prompts of, as their tokens say them: each is a byte."""

    def __init__(self, config: DualARConfig, tokenizer: Tokenizer) -> None:
        super().__init__(config, tokenizer)
        self.said: list[str] = []

    def text(self, text: str) -> Columns:
        columns = super().text(text)
        self.said.append(bytes(columns[0].tolist()).decode().removeprefix("<|speaker:0|>"))
        return columns


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(excited) It costs $5 on K8s!", "(excited) It costs five dollars on Kubernetes!"),
        ("[happy] Yes.", "[happy] Yes."),
        ("(in a hurry tone) Go.", "(in a hurry tone) Go."),
    ],
)
def test_markers_pass_normalisation_and_lexicon_untouched(text: str, said: str) -> None:
    model = tiny_speaker(torch.float64)
    prompts = RecordingPrompts(model.language_model.config, model.tokenizer)
    runner = make_runner(replace(model, prompts=prompts))
    assert Feature.MARKERS in runner.info.features
    rules = TextRules(
        lexicon=(("K8s", "Kubernetes"), ("happy", "glad"), ("tone", "sound")),
        normalizes=True,
        language="en",
    )
    next(speak(runner, SynthesisRequest(voice="default", text_rules=rules), [text]))
    assert set(prompts.said) == {said}
