"""Sets of endpoints as integers: bit i is endpoint i."""

from collections.abc import Iterable, Iterator
from itertools import compress

_AS_TRUTH = bytes.maketrans(b"0", b"\0")
_FEW = 48  # below this, taking bits off one by one is faster than unpacking the whole set


def united(sets: Iterable[int]) -> int:
    """Return the union."""
    union = 0
    for bits in sets:
        union |= bits
    return union


def places(bits: int) -> Iterator[int]:
    """Yield the members, lowest first; for small sets."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def members(bits: int, size: int) -> Iterable[int]:
    """Return the members, lowest first, in the faster of two ways. All are below `size`."""
    if bits.bit_count() < _FEW:
        return places(bits)
    digits = format(bits, "b")[::-1].encode().translate(_AS_TRUTH)
    return compress(range(size), digits)
