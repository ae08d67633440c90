"""A JSON object in a file of a checkpoint."""

import json
from pathlib import Path
from typing import Any

from engine.errors import CheckpointError


def read_object(path: Path) -> dict[str, Any]:
    """Return the object in `path`.

    Raises:
        CheckpointError: the file cannot be read, is no JSON, or holds something else.
    """
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CheckpointError(path, error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(path, f"not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise CheckpointError(path, "not a JSON object")
    return fields
