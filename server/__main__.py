"""The command `voxline`."""

import sys
from collections.abc import Sequence

#: What a shell says of a program that Ctrl-C has ended: 128 and the signal's number.
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    try:
        # Here, since Ctrl-C while it loads is no reason for a traceback.
        from server.commands.running import run
        from server.commands.standard_streams import open_closed

        open_closed()
        return run(arguments)
    except KeyboardInterrupt:
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
