"""Read the lists of one look within bounds, so that nobody's objects cost others their picture.

First part of a look (observe.py). A kind is one list of the whole cluster. Where that is too much,
by bytes or by time, the kind is read namespace by namespace, and what is too much there is unread
there alone. The lightest are read first, so the heavy ones take from nobody.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import TypeVar

import structlog

from onboarding.cluster.errors import ServerFault, TooLarge
from onboarding.cluster.gateway import ClusterGateway
from onboarding.cluster.kinds import KINDS
from onboarding.cluster.paging import Allowance
from onboarding.cluster.verbs import Manifests, SnapshotLost
from onboarding.domain.objects import Manifest
from onboarding.domain.observed import LONGEST_LOOK
from onboarding.services.compare_observed import Expectations

Clock = Callable[[], datetime]
_Reduced = TypeVar("_Reduced")
LIST_ATTEMPTS = 3
SHARE = 3  # one kind may take this part of what is left of a look, in bytes and in time
MEBIBYTE = 1024 * 1024
MOST_OF_A_LOOK = 1024 * MEBIBYTE
SLICES_OF_A_NAMESPACE = tuple(size * MEBIBYTE for size in (1, 4, 16, 64))
NAMED_IN_THE_LOG = 20
log = structlog.get_logger()


@dataclass
class ListReader:
    """Reads kind after kind. `unread` says in which namespaces a kind was too much, by kind.

    `unread_before` is what the last look could not read, by namespace; `names` are the namespaces
    there are. `pages` counts the answers.
    """

    cluster: ClusterGateway
    clock: Clock
    began: datetime
    expectations: Expectations
    unread_before: Mapping[str, Collection[str]] = field(default_factory=dict)
    names: Collection[str] = ()
    pages: int = 0
    left: int = field(default_factory=lambda: MOST_OF_A_LOOK)
    unread: dict[str, set[str]] = field(default_factory=dict)
    checked_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.checked_at = self.began

    def whole(self, kind: str, reduce: Callable[[Iterable[Manifest]], _Reduced]) -> _Reduced:
        """Return all objects of a kind that can be read, compared and reduced.

        A list that leaves something out looks whole as well, so only a second one is believed.
        Raise ServerFault once the look has taken too long, or any other ClusterError.
        """
        found = self._whole(kind, reduce)
        return self._whole(kind, reduce) if self.expectations.misses(kind) else found

    def _whole(self, kind: str, reduce: Callable[[Iterable[Manifest]], _Reduced]) -> _Reduced:
        unread = self.unread[kind] = set()
        is_split = any(self._was_unread(kind, name) for name in self.unread_before)
        for _ in range(LIST_ATTEMPTS):
            listed = self._by_namespace(kind, unread) if is_split else self._at_once(kind)
            try:
                return reduce(self.expectations.watched(kind, listed, unread=unread))
            except SnapshotLost as error:
                log.info("a list begins anew", kind=kind, detail=str(error))
            except TooLarge as error:
                if is_split or not KINDS[kind].namespaced:
                    raise
                is_split = True
                log.warning("read namespace by namespace", kind=kind, detail=str(error))
        raise ServerFault(f"the list of {kind} objects changed too fast to be read")

    def unread_in(self, namespace: str) -> tuple[str, ...]:
        """Return the kinds that were too much in one namespace, sorted."""
        return tuple(sorted(kind for kind, names in self.unread.items() if namespace in names))

    def _at_once(self, kind: str) -> Iterator[Manifest]:
        ends_at = self._share_of_time() if KINDS[kind].namespaced else self.began + LONGEST_LOOK
        pages = self._pages(kind, "", most=self.left // SHARE, ends_at=ends_at)
        return chain.from_iterable(pages)

    def _by_namespace(self, kind: str, unread: set[str]) -> Iterator[Manifest]:
        """Yield a namespace's objects once all of them were read, or none; the lightest first.

        Which ones are light shows by trying: everybody gets a little, then who needs it more. Who
        was left out at the last look comes first, so a look that ends early leaves out others.
        """
        waiting = set(self.names)
        ends_at, spared = self._share_of_time(), self.left - self.left // SHARE
        for most in SLICES_OF_A_NAMESPACE:
            for name in sorted(waiting, key=lambda one: (not self._was_unread(kind, one), one)):
                pages = self._pages(kind, name, most=min(most, self.left - spared), ends_at=ends_at)
                try:
                    self._check_time(kind, ends_at)
                    found = [one for page in pages for one in page]
                except (TooLarge, SnapshotLost):
                    continue
                waiting.discard(name)
                yield from found
        unread.update(waiting)
        if waiting:
            named = sorted(waiting)[:NAMED_IN_THE_LOG]
            log.warning("too large to be read", kind=kind, namespaces=named, count=len(waiting))

    def _was_unread(self, kind: str, namespace: str) -> bool:
        return kind in self.unread_before.get(namespace, ())

    def _pages(
        self, kind: str, namespace: str, *, most: int, ends_at: datetime
    ) -> Iterator[Manifests]:
        """Yield pages while there are bytes and time left. Raise TooLarge or ServerFault if not."""
        allowance = Allowance(most)
        try:
            for page in self.cluster.pages(kind, namespace, allowance=allowance):
                self.pages += 1
                self._check_time(kind, ends_at)
                yield page
                del page  # before the next one is read
        finally:
            self.left -= allowance.spent

    def _check_time(self, kind: str, ends_at: datetime) -> None:
        self.checked_at = self.clock()
        if self.checked_at - self.began >= LONGEST_LOOK:
            # It does answer: that is no time-out, which would have all work there wait.
            raise ServerFault(f"the lists did not end within {LONGEST_LOOK.seconds} s")
        if self.checked_at >= ends_at:
            raise TooLarge(f"the list of {kind} objects takes longer than its share of a look")

    def _share_of_time(self) -> datetime:
        """Return when the next kind has to end, so that always some time is left for the others."""
        return self.checked_at + (self.began + LONGEST_LOOK - self.checked_at) / SHARE
