"""How much one page of a list may hold: fewer objects after an answer too large, then more again.

The size of objects is their owners' business, and a page of the largest would not be read. So the
number of objects follows the bytes, down to one, and an allowance bounds the list as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from onboarding.cluster.errors import ServerFault, TooLarge

LARGEST_PAGE = 16 * 1024 * 1024  # several times what etcd lets one object be
SHRINKS_BY = 4
GROWS_BY = 2


@dataclass
class Allowance:
    """How many bytes a list may take. What was read and thrown away counts as well."""

    most: int
    spent: int = 0

    @property
    def left(self) -> int:
        return max(0, self.most - self.spent)


@dataclass
class PageWalk:
    """Where a list stands. `limit` objects are asked for next; `most` ever."""

    most: int
    allowance: Allowance | None = None
    selector: Mapping[str, str] = field(default_factory=dict)
    token: str = ""
    version: str = ""
    is_over: bool = False
    limit: int = field(init=False)

    def __post_init__(self) -> None:
        self.limit = self.most

    @property
    def query(self) -> dict[str, str]:
        """Return what asks for the next page. A token holds for any limit."""
        asked = {**self.selector, "limit": str(self.limit)}
        return {**asked, "continue": self.token} if self.token else asked

    @property
    def largest(self) -> int:
        """Return how large the next answer may be. Raise TooLarge if nothing is left."""
        if self.allowance is None:
            return LARGEST_PAGE
        if not self.allowance.left:
            raise TooLarge(f"the list is larger than {_mebibytes(self.allowance.most)} MiB")
        return min(LARGEST_PAGE, self.allowance.left)

    def shrink(self, refused: TooLarge) -> None:
        """Ask for fewer after an answer that was too large. Raise it again where one was asked."""
        self._spend(self.largest)
        if self.limit == 1:
            raise refused
        self.limit = max(1, self.limit // SHRINKS_BY)

    def turn(self, token: str, size: int, version: str = "") -> None:
        """Go on behind a page of `size` bytes; a small one lets the next be longer.

        All pages of a walk show one moment. Raise ServerFault for a page of another one, and for
        one that leads to itself.
        """
        self._spend(size)
        if self.version not in {"", version} or (token and token == self.token):
            raise ServerFault("the pages of a list do not fit together")
        self.version = version
        self.token, self.is_over = token, not token
        if size < LARGEST_PAGE // (2 * GROWS_BY):
            self.limit = min(self.most, self.limit * GROWS_BY)

    def _spend(self, size: int) -> None:
        if self.allowance is not None:
            self.allowance.spent += size


def _mebibytes(size: int) -> int:
    return size // 1024**2
