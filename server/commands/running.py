"""One command, from its arguments to its exit status."""

import argparse
import signal
import sys
from collections.abc import Sequence

from engine.errors import EngineError
from server.commands.arguments import make_parser
from server.commands.errors import CommandError
from server.commands.standard_streams import flushed_output
from server.errors import RequestError
from server.setting_checks import SettingsError
from server.setting_sources import read_setting

#: What a shell says of a program that wrote to a reader who has gone.
_NO_READER = 128 + signal.SIGPIPE


def run(arguments: Sequence[str] | None) -> int:
    """Run one command; say in one line why it failed; return its exit status."""
    try:
        with flushed_output():
            return _run(make_parser().parse_args(arguments))
    except BrokenPipeError:
        return _NO_READER
    except (CommandError, EngineError, RequestError, SettingsError, OSError) as error:
        print(f"voxline: {error}", file=sys.stderr)
        return 1


def _run(flags: argparse.Namespace) -> int:
    # Each command imports what it needs: `say` must not wait for the server to load.
    match flags.command:
        case "say":
            from server.commands.say import say

            flags.model = read_setting("model", flags)
            return say(flags)
        case "serve":
            from server.commands.serve import serve_command

            return serve_command(flags)
        case "call":
            from server.commands.call import call

            return call(flags)
        case "notes":
            from server.commands.notes.command import notes

            return notes(flags)
        case "convert":
            from server.commands.convert import convert

            return convert(flags)
        case _:
            from server.commands.doctor import doctor

            return doctor(flags)
