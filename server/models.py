"""From a model's name to its runner. Heavy libraries load only with the model that needs them."""

from engine.errors import ModelUnavailable
from engine.runner import Runner

MODEL_NAMES = ("espeak", "tone")


def load_runner(name: str, *, tone_step_ms: str = "") -> Runner:
    """Build the runner of a model.

    Raises:
        ModelUnavailable: there is no such model, or something it needs is missing.
    """
    if name == "espeak":
        from engine.runners.espeak.runner import EspeakRunner

        return EspeakRunner()
    if name == "tone":
        from engine.runners.tone import StepTimes, ToneRunner

        try:
            return ToneRunner(StepTimes.parse(tone_step_ms))
        except ValueError as error:
            raise ModelUnavailable(f"tone_step_ms must be rows:ms pairs, {error}") from error
    raise ModelUnavailable(f"no model {name!r}; there are {', '.join(MODEL_NAMES)}")
