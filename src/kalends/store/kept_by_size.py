"""What a process keeps of what was asked for last: so many things, and so much of them."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class KeptBySize(Generic[K, V]):
    """Values by their keys, at most so many, of so much size in all. Those that nobody has asked
    for longest go first; one that is too large by itself is not kept, and sends no others away."""

    def __init__(self, most: int, most_size: int) -> None:
        self._most: Final = most
        self._most_size: Final = most_size
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._size = 0

    def find(self, key: K) -> V | None:
        kept = self._kept.get(key)
        return None if kept is None else kept[0]

    def note_use(self, key: K) -> None:
        """What is kept there was asked for just now."""
        self._kept.move_to_end(key)

    def keep(self, key: K, value: V, size: int) -> None:
        """In place of what was there."""
        if key in self._kept:
            self._size -= self._kept.pop(key)[1]
        if size > self._most_size:
            return
        self._kept[key] = value, size
        self._size += size
        while len(self._kept) > self._most or self._size > self._most_size:
            self._size -= self._kept.popitem(last=False)[1][1]
