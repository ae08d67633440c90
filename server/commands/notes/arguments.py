"""The arguments of `voxline notes`."""

import argparse

from server.audio.formats import AudioFormat
from server.commands.notes.address import DEFAULT_URL
from server.commands.speech_arguments import add_voice, text
from server.jobs.job import JobState, Priority
from server.settings import MODELS

#: What fits a screen.
_DEFAULT_LIMIT = 50


def add_notes(parser: argparse.ArgumentParser) -> None:
    """Add what can be done; it is in `action` once the arguments are parsed."""
    actions = parser.add_subparsers(dest="action", required=True)
    _add_list(actions.add_parser("list", help="list a server's notes, the newest first"))
    show = actions.add_parser("show", help="say all that is known of a note")
    _add_note(show)
    _add_json(show, "print it as the server shows it")
    _add_note(actions.add_parser("retry", help="send a note again that failed or was cancelled"))
    _add_note(actions.add_parser("cancel", help="give up a note that has not ended"))
    _add_batch(actions.add_parser("batch", help="make a file of speech for each of many texts"))


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--state",
        choices=[state.value for state in JobState],
        help="list these alone; failed are those that were given up",
    )
    parser.add_argument(
        "--limit",
        type=_count,
        default=_DEFAULT_LIMIT,
        help=f"list so many at most (default {_DEFAULT_LIMIT})",
    )
    _add_json(parser, "print each as the server shows it, on a line of its own")
    _add_url(parser)


def _add_note(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", type=text, help="of the note")
    _add_url(parser)


def _add_json(parser: argparse.ArgumentParser, help_text: str) -> None:
    parser.add_argument("--json", action="store_true", help=help_text)


def _add_url(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--url", type=text, help=f"of the server (default: VOXLINE_URL, else {DEFAULT_URL})"
    )


def _add_batch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="file", help="of text, in UTF-8")
    parser.add_argument("--out", required=True, metavar="folder", help="where the speech goes")
    formats = [each.value for each in AudioFormat]
    parser.add_argument("--format", choices=formats, default=AudioFormat.WAV.value)
    add_voice(parser)
    parser.add_argument(
        "--normalize", action="store_true", help="write numbers, dates and Markdown out for the ear"
    )
    parser.add_argument(
        "--priority", choices=[each.value for each in Priority], default=Priority.NORMAL.value
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--url",
        type=text,
        help="have a running server make them (default: VOXLINE_URL, else they are made here)",
    )
    where.add_argument(
        "--model", help=f"make them here, with {MODELS} (default: VOXLINE_MODEL, else espeak)"
    )


def _count(argument: str) -> int:
    try:
        count = int(argument)
    except ValueError:
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {argument!r}")
    return count
