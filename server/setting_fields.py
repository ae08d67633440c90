"""A setting is a field of a dataclass that knows its group, its help and its bounds."""

from dataclasses import field
from typing import Any

HELP, GROUP, BOUNDS = "help", "group", "bounds"

#: A day. Longer than any work here lasts, so it is a slip of the finger too.
MOST_S = 86_400.0


def setting(group: str, default: Any, text: str, *bounds: float) -> Any:  # noqa: ANN401 any type
    """Return the field of a setting of `group`; its value lies within `bounds`, if it has any."""
    bounded = {BOUNDS: bounds} if bounds else {}
    return field(default=default, metadata={GROUP: group, HELP: text, **bounded})
