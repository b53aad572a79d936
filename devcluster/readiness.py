"""When a control plane may be used: it serves, and its controllers have done their first work."""

import json
import ssl
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event

from devcluster.certificates import Authority
from devcluster.processes import Child

POLL_SECONDS = 0.05
ANSWER_SECONDS = 5.0


class NotReady(Exception):
    """A program ended, or did not become ready in time; the message holds its last words."""


def wait_until_serving(
    server: str, ca_file: Path, children: Iterable[Child], *, seconds: float
) -> None:
    """Wait for the API server's own readiness. Raises NotReady."""
    context = ssl.create_default_context(cafile=str(ca_file))
    _wait(lambda: _get(f"{server}/readyz", context) is not None, list(children), seconds)


def wait_until_settled(
    server: str, authority: Authority, children: Iterable[Child], *, seconds: float
) -> None:
    """Wait for the controllers. Raises NotReady.

    ClusterRole `edit` is filled by aggregation, which is a controller: a test of what `edit` may
    not do would pass for the wrong reason while it is empty.
    """
    context = _administrator(authority)
    role = f"{server}/apis/rbac.authorization.k8s.io/v1/clusterroles/edit"
    account = f"{server}/api/v1/namespaces/default/serviceaccounts/default"

    def settled() -> bool:
        found = _get(role, context)
        has_rules = found is not None and bool(json.loads(found).get("rules"))
        return has_rules and _get(account, context) is not None

    _wait(settled, list(children), seconds)


def _wait(ready: Callable[[], bool], children: list[Child], seconds: float) -> None:
    pause = Event()
    deadline = time.monotonic() + seconds
    while not ready():
        ended = [child for child in children if not child.is_alive()]
        if ended:
            raise NotReady(f"{ended[0].name} ended while starting:\n{ended[0].last_words()}")
        if time.monotonic() > deadline:
            words = "\n".join(f"--- {child.name}\n{child.last_words(5)}" for child in children)
            raise NotReady(f"the control plane was not ready after {seconds:.0f} s:\n{words}")
        pause.wait(POLL_SECONDS)


def _get(url: str, context: ssl.SSLContext) -> bytes | None:
    """The body of a 200 answer, None for everything else."""
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with opener.open(url, timeout=ANSWER_SECONDS) as answer:
            content: bytes = answer.read()
            return content
    except (OSError, urllib.error.URLError):
        return None


def _administrator(authority: Authority) -> ssl.SSLContext:
    pair = authority.sign_client("devcluster-readiness", ["system:masters"])
    context = ssl.create_default_context(cadata=authority.pem.decode())
    # `load_cert_chain` reads files only.
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(pair.certificate + pair.key)
        file.flush()
        context.load_cert_chain(file.name)
    return context
