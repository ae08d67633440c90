"""The arguments that several commands share: texts, and how they are spoken."""

import argparse

from server.commands.errors import CommandError

#: How to speak: each is a field of a note, and of `open` on the wire.
VOICE_FLAGS = ("voice", "language", "speed", "pitch", "volume_db", "sample_rate")

_ENDINGS = "file.wav|mp3|opus|aac|flac|pcm|mulaw|alaw"


def text(argument: str) -> str:
    """Return an argument that is a text.

    Raises:
        CommandError: it is not UTF-8.
    """
    # Python passes on what it could not decode as halves of surrogate pairs.
    try:
        argument.encode()
    except UnicodeEncodeError:
        raise CommandError(f"not UTF-8: {argument!a}") from None
    return argument


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add where the speech goes."""
    parser.add_argument(
        "-o", "--output", default="", help=f"{_ENDINGS}; - is PCM to a pipe; else it is played"
    )


def add_voice(parser: argparse.ArgumentParser) -> None:
    """Add how it is spoken: `VOICE_FLAGS`."""
    parser.add_argument("--voice", type=text, help="voice id (default: the model's own)")
    parser.add_argument("--language", type=text, help="language tag such as en-us, fr or cmn")
    parser.add_argument("--speed", type=float, help="factor 0.25 to 4 (default 1)")
    parser.add_argument("--pitch", type=float, help="semitones -12 to 12 (default 0)")
    parser.add_argument("--volume-db", type=float, help="gain in dB, -60 to 20 (default 0)")
    parser.add_argument(
        "--sample-rate", type=int, help="Hz, 8000 to 48000 (default: the model's, if it fits)"
    )
