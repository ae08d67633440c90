"""From what is written to what is said, segment by segment."""

from dataclasses import replace

from engine.text.alignment import Draft
from engine.text.lexicon import Lexicon
from engine.text.markers import drop_markers, keep_markers
from engine.text.normalization.steps import Step, normalization
from engine.text.rules import TextRules
from engine.text.segment import Segment


class Rewriter:
    """Rewrites the segments of one request.

    Each is rewritten by itself, so what is said does not depend on how the text came.
    """

    def __init__(self, rules: TextRules | None, *, acts_markers: bool) -> None:
        """Rewrite by `rules`, if there are any.

        The model `acts_markers` out; else they are left out, since nobody means them to be said.

        Raises:
            NormalizationMissing: they normalise, and a library for that is not installed.
        """
        self._steps: tuple[Step, ...] = () if acts_markers else (drop_markers,)
        if rules is not None:
            normalize = normalization(rules.language) if rules.normalizes else ()
            self._steps += (keep_markers, Lexicon(rules.lexicon), *normalize)

    def rewrite(self, segment: Segment) -> Segment:
        """Return the segment as it is said; its text is empty where nothing of it is."""
        draft = Draft(segment.text)
        for step in self._steps:
            step(draft)
        if not draft.is_changed:
            return segment
        text, alignment = draft.result()
        return replace(segment, text=text if text.strip() else "", alignment=alignment)
