"""The gunicorn worker that serves the portal: a thread is used for a whole request, never for half.

Gunicorn starts, watches and stops the processes; waitress reads requests, whole, in one loop that
no client can hold up, and hands them to the threads (`portal/pools.py`). What waitress leaves open
is bounded here: how long a header, a body, a silence and an unread answer may take, and how many
may be waited for.
"""

import logging
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer, UnixWSGIServer

from portal.pools import Pools

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# Seconds, from the first byte of a request: however eagerly it drips, it does not begin anew.
HEADER_SECONDS = 10.0
BODY_SECONDS = 30.0
IDLE_SECONDS = 60.0  # kept alive between two requests
UNREAD_SECONDS = 30.0  # an answer of which the client takes nothing more

# Above this, whoever has made us wait longest has to go, so that others get in.
MOST_CONNECTIONS = 512
FILES_PER_CONNECTION = 4
KNOCKS = 64
LARGEST_HEADER = 32 * 1024
# Above what Django reads of a form (DATA_UPLOAD_MAX_MEMORY_SIZE), so that its page says so.
LARGEST_BODY = 3 * 1024 * 1024
LOOP_SECONDS = 0.5

log = logging.getLogger(__name__)


class TimedChannel(HTTPChannel):
    """One connection that knows since when its client lets us wait."""

    waits_since: float

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.waits_since = time.monotonic()

    def received(self, data: bytes) -> bool:
        """Take what came; the first byte of a request starts its time."""
        before = self.request
        if before is None:
            self.waits_since = time.monotonic()
        taken = bool(super().received(data))
        if self.request is not before and before is not None:
            self.waits_since = time.monotonic()
        return taken

    def service(self) -> None:
        """Answer one request; from then on the client may be silent for a while."""
        super().service()
        self.waits_since = time.monotonic()

    @property
    def is_answering(self) -> bool:
        return bool(self.requests or self.total_outbufs_len)

    def is_late(self, now: float) -> bool:
        """Return whether its client has used up the time for what it is doing."""
        if self.total_outbufs_len:
            # waitress notes by the other clock when a byte last went out
            return bool(time.time() - self.last_activity > UNREAD_SECONDS)
        if self.requests:
            return False
        return now - self.waits_since > self._allowed

    @property
    def _allowed(self) -> float:
        if self.request is None:
            return IDLE_SECONDS
        return BODY_SECONDS if self.request.headers_finished else HEADER_SECONDS


class _Tcp(TcpWSGIServer):
    channel_class = TimedChannel

    def handle_accept(self) -> None:
        """Take many who knock at once: nobody waits behind a crowd of silent ones."""
        for _ in range(KNOCKS):
            known = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) == known:
                return


class _Unix(UnixWSGIServer):
    channel_class = TimedChannel

    def fix_addr(self, _addr: object) -> tuple[str, None]:
        """Return an address that nobody can mistake for a client's."""
        return "", None


class WholeRequests(Worker):
    """`worker_class` in gunicorn.conf.py."""

    def load_wsgi(self) -> None:
        """Load the portal. Settings it refuses to start with are a sentence, not a traceback."""
        try:
            super().load_wsgi()
        except ImproperlyConfigured as error:
            print(f"Bulkhead does not start: {error}", file=sys.stderr, flush=True)
            sys.exit(Arbiter.APP_LOAD_ERROR)

    def run(self) -> None:
        """Serve until told to stop, then answer what was asked, and end."""
        _allow_files(2 * MOST_CONNECTIONS * FILES_PER_CONNECTION)
        channels: dict[int, Any] = {}
        pools = Pools(self.cfg.threads)
        servers = [self._listen(bound.sock, channels, pools) for bound in self.sockets]
        while self.alive and self.ppid == os.getppid():
            self._turn(channels)
        for server in servers:
            server.accepting = False
        while any(channel.is_answering for channel in _connections(channels)):
            self._turn(channels)
        pools.shutdown()

    def _turn(self, channels: dict[int, Any]) -> None:
        self.notify()
        wasyncore.loop(timeout=LOOP_SECONDS, use_poll=True, map=channels, count=1)
        close_late(list(_connections(channels)), time.monotonic())

    def _listen(self, sock: Any, channels: dict[int, Any], pools: Pools) -> Any:
        kind = _Unix if sock.family.name == "AF_UNIX" else _Tcp
        return kind(
            pools.telling(without_body_for_head(self.wsgi)),
            map=channels,
            _sock=sock,
            dispatcher=pools,
            adj=_adjustments(self.cfg.threads),
            bind_socket=False,
            sockinfo=(sock.family, sock.type, sock.proto, sock.getsockname()),
        )


def close_late(connections: list[TimedChannel], now: float) -> None:
    """Close whoever is late, and beyond MOST_CONNECTIONS who has made us wait longest."""
    late = [channel for channel in connections if channel.is_late(now)]
    waiting = [c for c in connections if not c.is_answering and c not in late]
    excess = len(connections) - len(late) - MOST_CONNECTIONS
    if excess > 0:
        late += sorted(waiting, key=lambda channel: channel.waits_since)[:excess]
    if half := sum(channel.request is not None for channel in late):
        log.warning("closed %d connections that had sent half a request", half)
    for channel in late:
        channel.handle_close()


def without_body_for_head(application: Application) -> Application:
    """Return the application with its answers to HEAD cut: waitress would send their bodies."""

    def cut(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = application(environ, start_response)
        return _nothing_of(answer) if environ["REQUEST_METHOD"] == "HEAD" else answer

    return cut


def _nothing_of(answer: Iterable[bytes]) -> Iterator[bytes]:
    close = getattr(answer, "close", None)
    if close is not None:
        close()
    return iter(())


def _adjustments(threads: int) -> Any:
    return Adjustments(
        threads=threads,
        ident=None,
        connection_limit=2 * MOST_CONNECTIONS,
        max_request_header_size=LARGEST_HEADER,
        max_request_body_size=LARGEST_BODY,
        # Django judges them: SECURE_PROXY_SSL_HEADER, BULKHEAD_TRUSTED_PROXIES.
        clear_untrusted_proxy_headers=False,
        log_socket_errors=False,
        # close_late does this, from the first byte and not from the last
        cleanup_interval=24 * 3600,
    )


def _connections(channels: dict[int, Any]) -> Iterator[TimedChannel]:
    return (channel for channel in list(channels.values()) if isinstance(channel, TimedChannel))


def _allow_files(wanted: int) -> None:
    """Open as many files as the system lets us, up to what that many connections may need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
