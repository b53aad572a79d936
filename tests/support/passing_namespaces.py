"""Namespaces of one test on a cluster that other tests and other portals use after it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tests.support.live_portal import wait_for
from tests.support.raw_api import RawApi

# The namespace controller asks for every kind there is, and waits before it asks again.
END_SECONDS = 120.0


def breaker_of(admin: RawApi) -> RawApi:
    """Somebody who may delete what is the portal's."""
    return admin.acting_as("breaker", "system:masters", "bulkhead:break-glass")


@contextmanager
def passing(admin: RawApi, *names: str) -> Iterator[None]:
    """Let nothing be left under the names. Not for a portal's own, which it would put back."""
    try:
        yield
    finally:
        end(admin, names)


def create_namespaces(admin: RawApi, *names: str) -> None:
    for name in names:
        made = admin.post("/api/v1/namespaces", {"metadata": {"name": name}})
        assert made.status == 201, made


def end(admin: RawApi, names: Iterable[str]) -> None:
    """Delete them, and wait until nothing is left."""
    places = [f"/api/v1/namespaces/{name}" for name in names]
    for place in places:
        admin.delete(place)
    wait_for(
        lambda: all(admin.get(place).status == 404 for place in places),
        f"nothing is left of {', '.join(names)}",
        seconds=END_SECONDS,
    )
