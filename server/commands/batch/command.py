"""`voxline notes batch`: from its arguments to its exit status."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path

import anyio

from server.audio.formats import AudioFormat
from server.commands.batch.folder import OutFolder
from server.commands.batch.maker import NoteMaker
from server.commands.batch.making import FETCHERS, Batch
from server.commands.batch.missing import Missing
from server.commands.batch.orders import Order, OrderForm
from server.commands.batch.patience import RESUME
from server.commands.batch.progress import Progress
from server.commands.batch.remote import making_there
from server.commands.batch.scripts import Script, scripts_of
from server.commands.errors import CommandError, first_cause
from server.commands.notes.address import named_url
from server.jobs.queue import QueueUnreachable
from server.jobs.store import StoreFailed
from server.keeping_settings import KeepingSettings
from server.setting_sources import read_keeping, read_setting


def batch(flags: argparse.Namespace) -> int:
    """Make a file of speech for each of `flags.files`; the status is 1 if one could not be made.

    Raises:
        CommandError: nothing more can be made at all, or two files would become one.
        SettingsError: no server has the address that was named.
        KeyboardInterrupt: Ctrl-C; how to go on was said.
    """
    folder = Path(flags.out)
    scripts = scripts_of(flags.files, folder, AudioFormat(flags.format))
    progress = Progress(len(scripts))
    with OutFolder.open(folder) as out, _ends_told(progress):
        _fill(out, scripts, flags, progress)
    progress.finish()
    return 1 if progress.num_failed else 0


def _fill(
    out: OutFolder, scripts: Sequence[Script], flags: argparse.Namespace, progress: Progress
) -> None:
    url = None if flags.model else named_url(flags)
    model = "" if url else read_setting("model", flags)
    missing = Missing(OrderForm(flags, model), out, progress)
    orders = missing.find(scripts)
    if not orders:
        return
    if url:
        making: AbstractAsyncContextManager[NoteMaker] = making_there(url, FETCHERS + 1, progress)
    else:
        making = _making_here(model, out, read_keeping(flags), orders)

    async def fill() -> None:
        async with making as maker:
            await Batch(maker, missing, out, progress).run(orders)

    anyio.run(fill)


def _making_here(
    model: str, out: OutFolder, keeping: KeepingSettings, orders: Sequence[Order]
) -> AbstractAsyncContextManager[NoteMaker]:
    # Here, since whoever has a server need not wait for an engine to load.
    from server.commands.batch.local import making_here

    return making_here(model, out.hidden, keeping, [order.key for order in orders])


@contextmanager
def _ends_told(progress: Progress) -> Iterator[None]:
    """Say what is to be said where the block does not come to its end."""
    try:
        yield
    except KeyboardInterrupt:
        progress.say(f"stopped; {RESUME}")
        progress.finish()
        raise
    except ExceptionGroup as group:
        error = first_cause(group)
        if isinstance(error, QueueUnreachable | StoreFailed):
            raise CommandError(f"notes cannot be kept: {error}") from group
        raise error from group
