"""Who owns which block of the KV cache, without its tensors.

A block holds the keys and values of `block_size` tokens. A sequence has a table of blocks; full
blocks whose content is known can be shared, and are found by content: equal columns after equal
columns have equal keys and values. A shared block stays when nobody uses it, until it is needed.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush

from engine.runners.s1.errors import OutOfBlocks
from engine.runners.s1.prompt import Columns


@dataclass(slots=True)
class BlockTable:
    """The blocks of one sequence in the order of its tokens."""

    blocks: list[int] = field(default_factory=list)
    #: Tokens whose keys and values are in the blocks.
    num_tokens: int = 0


class BlockPool:
    """The blocks `0..num_blocks-1`; the lowest free one is given first, so tables run on."""

    def __init__(self, num_blocks: int, block_size: int) -> None:
        self.block_size = block_size
        self.num_blocks = num_blocks
        #: A heap.
        self._free = list(range(num_blocks))
        self._users = [0] * num_blocks
        self._by_content: dict[bytes, int] = {}
        self._content: dict[int, bytes] = {}
        #: Shared blocks without a user, those that were left first in front.
        self._unused: OrderedDict[int, None] = OrderedDict()

    @property
    def num_free(self) -> int:
        """Count the blocks that can be had: free ones, and shared ones that nobody uses."""
        return len(self._free) + len(self._unused)

    def begin(self, table: BlockTable, columns: Columns) -> None:
        """Let an empty table begin with the shared blocks of `columns`."""
        for key in self._keys(columns):
            block = self._by_content.get(key)
            if block is None:
                break
            self._unused.pop(block, None)
            self._users[block] += 1
            table.blocks.append(block)
        table.num_tokens = len(table.blocks) * self.block_size

    def grow(self, table: BlockTable, num_tokens: int) -> None:
        """Add blocks until there is room for `num_tokens` tokens in all.

        Raises:
            OutOfBlocks: there are not enough; the table is as it was.
        """
        wanted = -(-num_tokens // self.block_size) - len(table.blocks)
        if wanted <= 0:
            return
        if wanted > self.num_free:
            raise OutOfBlocks(f"{wanted} blocks wanted, {self.num_free} of {self.num_blocks} left")
        table.blocks += [self._take() for _ in range(wanted)]

    def share(self, table: BlockTable, columns: Columns) -> None:
        """Let others find the table's full blocks by `columns`, which it begins with.

        Columns that the table has not computed yet are not shared.
        """
        keys = self._keys(columns[:, : table.num_tokens])
        for block, key in zip(table.blocks, keys, strict=False):
            if key not in self._by_content and block not in self._content:
                self._by_content[key] = block
                self._content[block] = key

    def close(self, table: BlockTable) -> None:
        """Give up the table's blocks. It is empty afterwards."""
        # The last first: of what stays, the beginning of a prompt is of use the longest.
        for block in reversed(table.blocks):
            self._users[block] -= 1
            if self._users[block] == 0:
                self._leave(block)
        table.blocks.clear()
        table.num_tokens = 0

    def _take(self) -> int:
        if self._free:
            block = heappop(self._free)
        else:
            block, _ = self._unused.popitem(last=False)
            del self._by_content[self._content.pop(block)]
        self._users[block] = 1
        return block

    def _leave(self, block: int) -> None:
        if block in self._content:
            self._unused[block] = None
        else:
            heappush(self._free, block)

    def _keys(self, columns: Columns) -> list[bytes]:
        """Return the key of each full block: a digest of all columns up to its end."""
        digest = hashlib.sha256()
        keys = []
        for end in range(self.block_size, columns.shape[1] + 1, self.block_size):
            digest.update(columns[:, end - self.block_size : end].tobytes())
            keys.append(digest.digest())
        return keys


def holders(tables: Mapping[int, BlockTable]) -> list[int]:
    """Return whose tables, the oldest first, have blocks that no older one has as well.

    So where the newest are closed first, each of these makes at least one block free.
    """
    seen: set[int] = set()
    found = []
    for owner, table in sorted(tables.items(), key=lambda item: item[0]):
        if not seen.issuperset(table.blocks):
            found.append(owner)
            seen.update(table.blocks)
    return found
