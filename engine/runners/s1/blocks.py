"""Who owns which block of the KV cache, without its tensors.

A block holds the keys and values of `block_size` tokens. A sequence has a table of blocks; full
blocks whose content is known can be shared, and are found by content: equal columns after equal
columns have equal keys and values. A shared block stays when nobody uses it, until it is needed.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field

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
        self._free = list(range(num_blocks - 1, -1, -1))
        self._users = [0] * num_blocks
        self._by_content: dict[bytes, int] = {}
        self._content: dict[int, bytes] = {}
        #: Shared blocks without a user, those that were left first in front.
        self._unused: OrderedDict[int, None] = OrderedDict()

    @property
    def num_free(self) -> int:
        """Count the blocks that can be had: free ones, and shared ones that nobody uses."""
        return len(self._free) + len(self._unused)

    def open(self, columns: Columns, salt: bytes = b"") -> BlockTable:
        """Return a table that begins with the shared blocks of `columns`.

        Tables of different `salt` share nothing: one tenant's prompts are not another's to find.
        """
        table = BlockTable()
        for key in self._keys(columns, salt):
            block = self._by_content.get(key)
            if block is None:
                break
            self._unused.pop(block, None)
            self._users[block] += 1
            table.blocks.append(block)
        table.num_tokens = len(table.blocks) * self.block_size
        return table

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

    def share(self, table: BlockTable, columns: Columns, salt: bytes = b"") -> None:
        """Let others find the table's full blocks by `columns`, which it begins with.

        Columns that the table has not computed yet are not shared.
        """
        for block, key in zip(
            table.blocks, self._keys(columns[:, : table.num_tokens], salt), strict=False
        ):
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
        self._free.sort(reverse=True)
        table.blocks.clear()
        table.num_tokens = 0

    def _take(self) -> int:
        if not self._free:
            block, _ = self._unused.popitem(last=False)
            del self._by_content[self._content.pop(block)]
            self._free.append(block)
        block = self._free.pop()
        self._users[block] = 1
        return block

    def _leave(self, block: int) -> None:
        if block in self._content:
            self._unused[block] = None
        else:
            self._free.append(block)

    def _keys(self, columns: Columns, salt: bytes) -> list[bytes]:
        """Return the key of each full block: a digest of all columns up to its end."""
        digest = hashlib.sha256(salt)
        keys = []
        for end in range(self.block_size, columns.shape[1] + 1, self.block_size):
            digest.update(columns[:, end - self.block_size : end].tobytes())
            keys.append(digest.digest())
        return keys
