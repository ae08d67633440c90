"""`k_penalty.json`: in how many steps of a history each mistake about the window would be seen."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from engine.runners.s1.window import WINDOW
from tests.golden.comparison import Comparison, equal

_HISTORY = "wrong_variants_steps_that_change_in_history_"

Column = list[int]
#: The ids penalised for the token and for each codebook but the first; None where none is.
Penalised = list[set[int] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is penalised after which columns; by default what the original does."""

    size: int = WINDOW
    #: The first column that enters the window.
    first: int = 1
    has_zeros: bool = True
    are_zeros_first: bool = False
    is_first_penalised: bool = False
    #: The row of a column from which codebook 0 is taken.
    row: int = 1
    #: Window, and how many of its columns were drawn → ids of the token.
    tokens: Callable[[list[Column], int], list[int]] = lambda window, _: window[0]

    def penalised(self, columns: list[Column], n: int) -> Penalised:
        """Return what is penalised while column `n` is drawn."""
        num_rows = len(columns[0]) - 1
        if n == 0 and not self.is_first_penalised:
            return [None] * num_rows
        recent = columns[self.first : n][-self.size :]
        zeros = [[0] * len(columns[0])] * (self.size - len(recent) if self.has_zeros else 0)
        window = zeros + recent if self.are_zeros_first else recent + zeros
        codes = [{column[self.row + k] for column in window} for k in range(1, num_rows)]
        return [set(self.tokens(window, len(recent))) if window else set(), *codes]


def compare_penalty_mistakes(golden: dict[str, Any]) -> Iterator[Comparison]:
    """Compare the first step that a mistake changes, and how many it changes."""
    histories = {history["name"]: history for history in golden["histories"]}
    for key, mistakes in golden.items():
        if key.startswith(_HISTORY):
            history = histories[key.removeprefix(_HISTORY)]
            for name, stated in mistakes.items():
                yield equal(f"{history['name']}, {name}", _seen(history, _MISTAKES[name]), stated)


def _seen(history: dict[str, Any], mistake: Rule) -> dict[str, int | None]:
    columns = history["columns"]
    rows = ["row0", *(f"c{codebook}" for codebook in range(1, len(columns[0]) - 1))]
    changed = []
    for step in history["steps"]:
        right = [None if step[row] is None else set(step[row]) for row in rows]
        if mistake.penalised(columns, step["n"]) != right:
            changed.append(step["n"])
    return {"first_n": min(changed, default=None), "steps": len(changed)}


_MISTAKES = {
    "F_0 in the window": Rule(first=0),
    "zeros first": Rule(are_zeros_first=True),
    "row 0 by row": Rule(tokens=lambda window, _: [column[0] for column in window]),
    "row 0: newest column": Rule(tokens=lambda window, num_drawn: window[max(num_drawn - 1, 0)]),
    "row 0: token id only": Rule(tokens=lambda window, _: window[0][:1]),
    "row 0: codes only": Rule(tokens=lambda window, _: window[0][1:]),
    "zero window on F_0": Rule(is_first_penalised=True),
    "codes: row k instead of k+1": Rule(row=0),
    "window of 8": Rule(size=8),
    "window of 17": Rule(size=17),
    "no zero fill": Rule(has_zeros=False),
}
