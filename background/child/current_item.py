"""Current item of a child, in memory shared with its parent.

A message would cost a system call for each item, and would not leave a child that hangs in C code; this costs
nothing, and outlives the child.
"""

import mmap
import os
import struct
import sys
import tempfile

_CELL = struct.Struct("q")
_NO_ITEM = -1


def new_cell() -> int:
    """A descriptor of memory for a current item; who opens it with `CurrentItem` may close it then."""
    if sys.platform == "linux":
        descriptor = os.memfd_create("waybill-current-item")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, _CELL.size)
    return descriptor


class CurrentItem:
    """One side of the memory; `index` is of the item that is being done, None between calls."""

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, _CELL.size)

    @property
    def index(self) -> int | None:
        (index,) = _CELL.unpack_from(self._memory)
        return None if index == _NO_ITEM else int(index)

    def begin(self, index: int) -> None:
        """The item `index` is being done from now on."""
        _CELL.pack_into(self._memory, 0, index)

    def clear(self) -> None:
        """No item is being done."""
        self.begin(_NO_ITEM)
