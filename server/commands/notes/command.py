"""`voxline notes`: what a server keeps is listed, looked at, sent again and given up."""

import argparse
import json
import sys

from server.commands.notes.address import DEFAULT_URL, named_url
from server.commands.notes.client import NotesClient
from server.commands.notes.table import HEADER, details, row


def notes(flags: argparse.Namespace) -> int:
    """Do what `flags.action` says.

    Raises:
        CommandError: the server refuses it, or cannot be reached.
        SettingsError: no server has this address.
    """
    if flags.action == "batch":
        # Here, since nobody else should wait for all that makes speech.
        from server.commands.batch.command import batch

        return batch(flags)
    with NotesClient.open(named_url(flags) or DEFAULT_URL) as client:
        _look(client, flags)
    return 0


def _look(client: NotesClient, flags: argparse.Namespace) -> None:
    match flags.action:
        case "list":
            _list(client, flags)
        case "show":
            note = client.find(flags.id)
            print(json.dumps(note) if flags.json else "\n".join(details(note)))
        case "retry":
            print(row(client.retry(flags.id)))
        case _:
            print(row(client.cancel(flags.id)))


def _list(client: NotesClient, flags: argparse.Namespace) -> None:
    num_notes = 0
    for note in client.list(flags.limit, flags.state):
        if not num_notes and not flags.json:
            print(HEADER)
        print(json.dumps(note) if flags.json else row(note))
        num_notes += 1
    if num_notes == flags.limit and sys.stderr.isatty():
        print(f"the newest {num_notes}; more with --limit", file=sys.stderr)
