"""eSpeak NG as a runner."""

from engine.runners.espeak.runner import EspeakRunner

__all__ = ["EspeakRunner"]
