"""The log: one JSON object a line, on standard error."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

#: The attribute of a record that holds what is said beside its message.
FIELDS = "fields"


class JsonFormatter(logging.Formatter):
    """Says when, how grave, where from and what, and the fields of the record if it has some."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_as_json() -> None:
    """Let every logger of the process write JSON lines to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # They tell of their own doings, which is no business of whoever reads this.
    for name in ("botocore", "streaq"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It complains of every body that is no form, and whoever sends one is told already.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
