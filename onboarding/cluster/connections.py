"""One connection to one API server: who to trust, how to sign in, and how to send.

First part of every gateway call; responses.py is the second. The only file that imports the
Kubernetes client library.
"""

import base64
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes import client, config

from onboarding.cluster.errors import ClusterError, TimedOut, Unreachable, Untrusted
from onboarding.cluster.responses import JSON_TYPE, Response, read_answer
from onboarding.cluster.server_time import ServerClock
from onboarding.domain.objects import Json, Manifest, text

CONNECT_SECONDS = 3.0
READ_SECONDS = 30.0
KEPT_CONNECTIONS = 8
APPLY_TYPE = "application/apply-patch+yaml"  # JSON is YAML
MERGE_TYPE = "application/merge-patch+json"  # RFC 7386: null removes
# Knows that a list is a map by name: takes one entry away, whatever else is in it.
STRATEGIC_TYPE = "application/strategic-merge-patch+json"


@dataclass(frozen=True)
class Connection:
    """What a worker needs to speak to a cluster. `ca` is PEM text; "" trusts the system's CAs."""

    server: str
    ca: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class AdminConnection:
    """What a platform admin's kubeconfig says: a token, or a client certificate with its key."""

    server: str
    ca: str
    token: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)


class HttpClient:
    """A line to one API server. Safe to share between threads; each gets a kept connection."""

    def __init__(self, connection: Connection | AdminConnection) -> None:
        self.server_clock = ServerClock()
        self._client = _client_for(connection)
        self._headers = {"Accept": JSON_TYPE, "User-Agent": "bulkhead"}
        if bearer := self._client.configuration.get_api_key_with_prefix("BearerToken"):
            self._headers["Authorization"] = bearer

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Manifest | None = None,
        content_type: str = JSON_TYPE,
        largest: int | None = None,
    ) -> Response:
        """Send once, without retries or redirects, and return the whole answer, whatever it says.

        Raise Unreachable, Untrusted, TimedOut or ServerFault if there is none, TooLarge if it has
        more than `largest` bytes.
        """
        url = f"{self._client.configuration.host}{path}"
        if query:
            url = f"{url}?{urlencode(query)}"
        headers = {**self._headers, "Content-Type": content_type} if body else dict(self._headers)
        began = time.monotonic()
        try:
            response = self._client.call_api(
                method,
                url,
                header_params=headers,
                body=body,
                _request_timeout=(CONNECT_SECONDS, READ_SECONDS),
            ).response
        except (urllib3.exceptions.HTTPError, client.ApiException, OSError) as error:
            raise _failure(error, took=time.monotonic() - began) from error
        arrived = time.monotonic()  # before its body, which may take long
        answer = read_answer(response, largest=largest)
        if text(answer.body, "kind"):  # what stands in front of it has a clock of its own
            self.server_clock.hear(answer.date, arrived=arrived)
        return answer

    def close(self) -> None:
        """Drop the kept connections."""
        self._client.rest_client.close()


def _client_for(connection: Connection | AdminConnection) -> client.ApiClient:
    settings = client.Configuration()
    settings.retries = urllib3.Retry(total=False)  # raises as it happened; returns redirects
    settings.connection_pool_maxsize = KEPT_CONNECTIONS
    settings.ca_cert_data = connection.ca or None  # as data: nothing is written to disk
    user: dict[str, Json] = {"token": connection.token} if connection.token else {}
    if isinstance(connection, AdminConnection) and connection.certificate:
        user["client-certificate-data"] = _in_base64(connection.certificate)
        user["client-key-data"] = _in_base64(connection.private_key)
    wanted = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "it", "cluster": {"server": connection.server}}],
        "users": [{"name": "it", "user": user}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "current-context": "it",
    }
    build: Any = config.new_client_from_config_dict  # the library leaves it untyped
    built: client.ApiClient = build(wanted, persist_config=False, client_configuration=settings)
    return built


def _in_base64(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()


def _failure(error: Exception, *, took: float) -> ClusterError:
    """Return what a failed exchange means; most specific first. `took` is in seconds."""
    if refusal := _certificate_refusal(error):
        return Untrusted(f"the API server's certificate is not accepted: {refusal}")
    match error:
        case urllib3.exceptions.ReadTimeoutError():
            return TimedOut(f"no answer within {took:.0f} s")  # no greeting in TLS is none, too
        case urllib3.exceptions.NameResolutionError():
            return Unreachable("the API server's name cannot be resolved")
        case urllib3.exceptions.NewConnectionError():  # also a ConnectTimeoutError, by ancestry
            return Unreachable(f"the API server cannot be reached: {_innermost(error)}")
        case urllib3.exceptions.ConnectTimeoutError():
            return Unreachable(f"no connection within {CONNECT_SECONDS:.0f} s")
        case client.ApiException():  # how the client library reports a failed TLS handshake
            return Unreachable(f"no trusted connection: {_last_line(str(error.reason))}")
    return Unreachable(f"the API server cannot be reached: {_innermost(error)}")


def _certificate_refusal(error: BaseException | None) -> str:
    """Return why TLS did not accept the certificate, "" where that was not the trouble."""
    while error:
        if isinstance(error, ssl.SSLCertVerificationError):
            return str(error.verify_message)
        error = error.__cause__ or error.__context__
    return ""


def _last_line(words: str) -> str:
    return words.strip().rsplit("\n", 1)[-1]


def _innermost(error: BaseException) -> str:
    """Return the operating system's words for the failure, e.g. "Connection refused"."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
