"""People who want a page: how long each of them waits for it."""

import http.client
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

LONGEST_SECONDS = 10.0
# Reads the session, draws a template, and needs nobody to be signed in.
PAGE = "/accounts/login/"


def where(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 80)


def waits(url: str, *, requests: int, clients: int = 1, page: str = PAGE) -> list[float]:
    """Return the seconds each request took, sorted; one never answered raises."""
    each = requests // clients
    with ThreadPoolExecutor(clients) as pool:
        took = pool.map(lambda _: list(_one_after_the_other(url, each, page)), range(clients))
    return sorted(seconds for client in took for seconds in client)


def p99(sorted_waits: list[float]) -> float:
    return sorted_waits[int(len(sorted_waits) * 0.99)]


def _one_after_the_other(url: str, requests: int, page: str) -> Iterator[float]:
    """Every request on a connection of its own, like somebody who has just arrived."""
    for _ in range(requests):
        connection = http.client.HTTPConnection(*where(url), timeout=LONGEST_SECONDS)
        began = time.perf_counter()
        connection.request("GET", page)
        answer = connection.getresponse()
        answer.read()
        yield time.perf_counter() - began
        connection.close()
        assert answer.status == 200, answer.status
