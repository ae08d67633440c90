"""The state diagram of the specification, drawn from the transition table.

`python -m tests.protocol.diagram` writes it into the README anew.
"""

from pathlib import Path

import protocol
from protocol.codes import ErrorCode
from protocol.states import CLIENT_TABLE, SERVER_TABLE, Outcome, State

README = Path(protocol.__file__).parent / "README.md"
BEGIN = "<!-- states: begin, written by `python -m tests.protocol.diagram` -->"
END = "<!-- states: end -->"
#: Mermaid's own words for where a diagram begins and ends.
_EDGE = "[*]"


def diagram() -> str:
    """Return the mermaid source: client messages plain, server messages behind an arrow."""
    edges: dict[tuple[str, str], list[str]] = {}
    for table, arrow in ((CLIENT_TABLE, ""), (SERVER_TABLE, "→ ")):
        for (state, name), outcome in table.items():
            target = _target(outcome)
            if target is not None and state is not State.ENDED:
                edge = (_name(state), _name(target))
                edges.setdefault(edge, []).append(f"{arrow}{name}")
    lines = [
        f"    {source} --> {target}: {', '.join(names)}"
        for (source, target), names in edges.items()
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def with_diagram(text: str) -> str:
    """Return the README's text with the diagram between its markers."""
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    return f"{head}{BEGIN}\n{diagram()}\n{END}{tail}"


def _target(outcome: Outcome) -> State | None:
    if isinstance(outcome, ErrorCode):
        return State.FAILING
    return outcome if isinstance(outcome, State) else None


def _name(state: State) -> str:
    return _EDGE if state in (State.NEW, State.ENDED) else state.value


if __name__ == "__main__":
    README.write_text(with_diagram(README.read_text(encoding="utf-8")), encoding="utf-8")
