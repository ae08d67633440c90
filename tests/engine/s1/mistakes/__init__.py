"""What is easily got wrong in this model, planted one at a time."""

from tests.engine.s1.mistakes import drawing, model, text
from tests.engine.s1.mistakes.planting import Mistake

MISTAKES: dict[str, Mistake] = {**text.MISTAKES, **model.MISTAKES, **drawing.MISTAKES}
