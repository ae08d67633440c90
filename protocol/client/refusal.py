"""What an HTTP answer that is no upgrade says: its status, and when to try again."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from .errors import ConnectFailed

#: More seconds than anybody waits; a longer row of digits is no answer but an attack.
_SECONDS = re.compile(r"[0-9]{1,9}")


def refusal(response: httpx.Response) -> ConnectFailed:
    """Return the error that a server's refusal to upgrade is."""
    return ConnectFailed(
        f"the server answered {response.status_code} instead of upgrading",
        response.status_code,
        retry_after_s(response.headers.get("retry-after", ""), datetime.now(UTC)),
    )


def retry_after_s(header: str, now: datetime) -> float | None:
    """Read `Retry-After`: a number of seconds, or a date; `None` if it is neither."""
    if _SECONDS.fullmatch(header):
        return float(header)
    try:
        date = parsedate_to_datetime(header)
    except ValueError:
        return None
    # "-0000" names no zone; HTTP's dates are all of Greenwich.
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
