"""What a batch has to ask for: the texts whose speech is not there, in groups."""

from collections.abc import AsyncGenerator, Sequence

from anyio import to_thread

from server.commands.batch.folder import OutFolder
from server.commands.batch.orders import Order, OrderForm, Request
from server.commands.batch.progress import Progress
from server.commands.batch.scripts import Script, Unusable

#: Asked for at once: little enough to be refused as a whole, enough for one commit to be cheap.
GROUP = 64
#: Of text, in one group: a megabyte or so leaves over any line in time.
GROUP_CHARS = 1_000_000


class Missing:
    """Reads scripts, and leaves out those whose speech is there."""

    def __init__(self, form: OrderForm, folder: OutFolder, progress: Progress) -> None:
        self._form = form
        self._folder = folder
        self._progress = progress

    def find(self, scripts: Sequence[Script]) -> list[Order]:
        """Return what has to be ordered; count what is there, and say what cannot be."""
        orders = []
        for script in scripts:
            request = self._request(script)
            if request is not None:
                orders.append(request.order)
        return orders

    async def groups(self, orders: Sequence[Order]) -> AsyncGenerator[list[Request], None]:
        """Yield up to `GROUP` requests at once: all texts together may be more than fits here."""
        group: list[Request] = []
        num_chars = 0
        for order in orders:
            request = await self.request(order)
            if request is None:
                continue
            num_chars += len(request.fields["text"])
            if group and (len(group) == GROUP or num_chars > GROUP_CHARS):
                yield group
                group, num_chars = [], len(request.fields["text"])
            group.append(request)
        if group:
            yield group

    async def request(self, order: Order) -> Request | None:
        """Read the script of an order; return what to ask for, if anything, or tell of it."""
        return await to_thread.run_sync(self._request, order.script)

    def _request(self, script: Script) -> Request | None:
        try:
            request = self._form.request(script)
            if not self._folder.has(request.order):
                return request
        except Unusable as error:
            self._progress.failed(script, str(error))
            return None
        self._progress.kept()
        return None
