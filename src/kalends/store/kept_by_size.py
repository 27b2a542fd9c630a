"""A least-recently-used cache of one process, limited by number of values and by their size."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class KeptBySize(Generic[K, V]):
    """Values by their keys: at most `most`, with a total size of at most `most_size`. The least
    recently used go first. A value that is too large by itself is not kept, and displaces none."""

    def __init__(self, most: int, most_size: int) -> None:
        self._most: Final = most
        self._most_size: Final = most_size
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._size = 0

    def find(self, key: K) -> V | None:
        kept = self._kept.get(key)
        return None if kept is None else kept[0]

    def note_use(self, key: K) -> None:
        """Notes that the value of the key was used just now."""
        self._kept.move_to_end(key)

    def keep(self, key: K, value: V, size: int) -> None:
        """Keeps the value, in place of an earlier one."""
        if key in self._kept:
            self._size -= self._kept.pop(key)[1]
        if size > self._most_size:
            return
        self._kept[key] = value, size
        self._size += size
        while len(self._kept) > self._most or self._size > self._most_size:
            self._size -= self._kept.popitem(last=False)[1][1]
