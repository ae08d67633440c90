"""The arguments of the command `voxline`."""

import argparse
from importlib import metadata
from typing import TYPE_CHECKING, Any

from server.commands.notes.arguments import add_notes
from server.commands.speech_arguments import add_output, add_voice, text
from server.setting_sources import add_settings
from server.settings import MODELS

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


def make_parser() -> argparse.ArgumentParser:
    """Build the parser; the name of the command that was given is in `command`.

    Parsing raises:
        CommandError: an argument that is a text is not UTF-8.
    """
    parser = _Parser(prog="voxline", description="Streaming text-to-speech.")
    parser.add_argument("--version", action=_Version, help="say which version this is")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_say(commands.add_parser("say", help="speak a text, without a server"))
    serve = commands.add_parser(
        "serve",
        help="serve calls and notes",
        epilog="Every flag can be set in the environment: --max-calls as VOXLINE_MAX_CALLS. "
        "Variables that Kubernetes sets for a Service named voxline are left aside, "
        "VOXLINE_PORT=tcp://... among them.",
    )
    add_settings(serve)
    _add_call(commands.add_parser("call", help="speak a text through a running server"))
    add_notes(commands.add_parser("notes", help="make a folder of notes, or look at a server's"))
    convert = commands.add_parser(
        "convert", help="write a checkpoint's tensors as safetensors, beside what is there"
    )
    convert.add_argument("folder", help="of the checkpoint")
    commands.add_parser("doctor", help="say what is installed and what this machine can carry")
    return parser


class _Parser(argparse.ArgumentParser):
    """Takes no flag but a whole one: an abbreviation may be another flag's one day."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 argparse's own
        super().__init__(allow_abbrev=False, **options)

    def print_help(self, file: "SupportsWrite[str] | None" = None) -> None:
        """Print it. argparse's own would let pass that it cannot be written."""
        print(self.format_help(), end="", file=file)


class _Version(argparse.Action):
    """Looks the version up only where it is asked for: that takes as long as all other parsing."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 argparse's own
        super().__init__(nargs=0, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"voxline {metadata.version('voxline')}")
        parser.exit()


def _add_say(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", type=text, help="what to say; - reads standard input as it comes")
    add_output(parser)
    parser.add_argument("--model", help=f"{MODELS} (default: VOXLINE_MODEL, else espeak)")
    add_voice(parser)


def _add_call(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", type=text, help="ws://host:port/ws/tts")
    parser.add_argument("text", type=text, help="what to say; - reads standard input as it comes")
    add_output(parser)
    add_voice(parser)
