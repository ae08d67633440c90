"""`voxline notes batch`: from its arguments to its exit status."""

import argparse
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import anyio

from server.audio.formats import AudioFormat
from server.commands.batch.folder import OutFolder
from server.commands.batch.maker import NoteMaker
from server.commands.batch.making import FETCHERS, Batch
from server.commands.batch.missing import Missing
from server.commands.batch.orders import Order, OrderForm
from server.commands.batch.patience import RESUME, Patience
from server.commands.batch.progress import Progress
from server.commands.batch.remote import making_there
from server.commands.batch.scripts import Script, scripts_of
from server.commands.errors import CommandError, first_cause
from server.commands.notes.address import named_url
from server.jobs.queue import QueueUnreachable
from server.jobs.store import StoreFailed
from server.setting_sources import read_setting


def batch(flags: argparse.Namespace) -> int:
    """Make a file of speech for each of `flags.files`; the status is 1 if one could not be made.

    Raises:
        CommandError: nothing more can be made at all, or two files would become one.
        KeyboardInterrupt: Ctrl-C; how to go on was said.
    """
    folder = Path(flags.out)
    scripts = scripts_of(flags.files, folder, AudioFormat(flags.format))
    progress = Progress(len(scripts))
    with OutFolder.open(folder) as out:
        try:
            anyio.run(_fill, flags, scripts, out, progress)
        except KeyboardInterrupt:
            progress.say(f"stopped; {RESUME}")
            progress.finish()
            raise
        except ExceptionGroup as group:
            raise _said(first_cause(group)) from group
    progress.finish()
    return 1 if progress.num_failed else 0


async def _fill(
    flags: argparse.Namespace, scripts: Sequence[Script], out: OutFolder, progress: Progress
) -> None:
    url = None if flags.model else named_url(flags)
    model = "" if url else read_setting("model", flags)
    missing = Missing(OrderForm(flags, model), out, progress)
    orders = await missing.find(scripts)
    if not orders:
        return
    if url:
        making: AbstractAsyncContextManager[NoteMaker] = making_there(
            url, FETCHERS + 1, Patience(progress)
        )
    else:
        making = _making_here(model, out, read_setting("data_dir", flags), orders)
    async with making as maker:
        await Batch(maker, missing, out, progress).run(orders)


def _making_here(
    model: str, out: OutFolder, data_dir: str, orders: Sequence[Order]
) -> AbstractAsyncContextManager[NoteMaker]:
    # Here, since whoever has a server need not wait for an engine to load.
    from server.commands.batch.local import making_here

    return making_here(model, out.hidden, data_dir, [order.key for order in orders])


def _said(error: Exception) -> Exception:
    if isinstance(error, QueueUnreachable | StoreFailed):
        return CommandError(f"notes cannot be kept: {error}")
    return error
