"""The command `voxline`."""

import argparse
import sys
from collections.abc import Sequence

from engine.errors import EngineError
from server.errors import RequestError
from server.settings import SettingsError, add_settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    flags = _parser().parse_args(arguments)
    try:
        return _run(flags)
    except (EngineError, RequestError, SettingsError, OSError) as error:
        print(f"voxline: {error}", file=sys.stderr)  # noqa: T201 the command's own voice
        return 1
    except KeyboardInterrupt:
        return 130


def _run(flags: argparse.Namespace) -> int:
    # Each command imports what it needs: `say` must not wait for the server to load.
    match flags.command:
        case "say":
            from server.commands.say import say

            return say(flags)
        case "serve":
            from server.commands.serve import serve_command

            return serve_command(flags)
        case "call":
            from server.commands.call import call

            return call(flags)
        case _:
            from server.commands.doctor import doctor

            return doctor()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="voxline", description="Streaming text-to-speech.")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_say(commands.add_parser("say", help="speak a text, without a server"))
    serve = commands.add_parser(
        "serve",
        help="serve calls and notes",
        epilog="Every flag can be set in the environment: --max-calls as VOXLINE_MAX_CALLS.",
    )
    add_settings(serve)
    _add_call(commands.add_parser("call", help="speak a text through a running server"))
    commands.add_parser("doctor", help="say what is installed and what this machine can carry")
    return parser


def _add_say(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", help="what to say; - reads standard input")
    parser.add_argument("-o", "--output", default="-", help="file.wav|mp3|opus|flac|pcm; - is PCM")
    parser.add_argument("--model", default="espeak", help="espeak or tone (default espeak)")
    _add_voice(parser)


def _add_call(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", help="ws://host:port/ws/tts")
    parser.add_argument("text", help="what to say; - reads standard input, line by line")
    parser.add_argument("-o", "--output", default="", help="save to file.wav; - is PCM; else play")
    _add_voice(parser)


def _add_voice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--voice", help="voice id (default: the model's own)")
    parser.add_argument("--language", help="language tag such as en-us, fr or cmn")
    parser.add_argument("--speed", type=float, help="factor 0.25 to 4 (default 1)")
    parser.add_argument("--pitch", type=float, help="semitones -12 to 12 (default 0)")
    parser.add_argument("--volume-db", type=float, help="gain in dB, -60 to 20 (default 0)")
    parser.add_argument("--sample-rate", type=int, help="Hz, 8000 to 48000 (default: the model's)")


if __name__ == "__main__":
    sys.exit(main())
