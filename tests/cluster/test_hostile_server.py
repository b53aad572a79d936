"""An API server that is broken, overloaded or hostile costs a bounded wait and a clear error."""

import contextlib
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from onboarding.cluster import connections, responses
from onboarding.cluster.connections import Connection
from onboarding.cluster.errors import (
    LONGEST_MESSAGE,
    Busy,
    ClusterError,
    ServerFault,
    TimedOut,
    Unreachable,
    Untrusted,
)
from onboarding.cluster.gateway import Gateway
from onboarding.domain.objects import Key, Manifest, branch
from tests.support.http_cluster import status_tree

ANY = Key("Namespace", "", "payments-prod")
FENCE = Key("NetworkPolicy", "payments-prod", "deny-all")
Behaviour = Callable[[ssl.SSLSocket], object]


@dataclass(frozen=True)
class Pair:
    """A server certificate, its own CA, for 127.0.0.1."""

    file: Path
    ca: str


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return made_pair(tmp_path_factory.mktemp("hostile") / "pair.pem")


@pytest.fixture
def other_ca(tmp_path: Path) -> str:
    """A CA that has signed nothing that is met here."""
    return made_pair(tmp_path / "other.pem").ca


def made_pair(file: Path) -> Pair:
    """Make a certificate and its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hostile")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + pem)
    return Pair(file, pem.decode())


@pytest.fixture
def server(pair: Pair) -> Iterator[Callable[[Behaviour], Gateway]]:
    """Return what starts a server that behaves so to its first request, and a gateway to it."""
    listener = socket.create_server(("127.0.0.1", 0))
    gateways: list[Gateway] = []
    threads: list[threading.Thread] = []

    def serve(behaviour: Behaviour) -> Gateway:
        threads.append(threading.Thread(target=_serve_once, args=(listener, pair, behaviour)))
        threads[-1].start()
        address = f"https://127.0.0.1:{listener.getsockname()[1]}"
        gateways.append(Gateway(Connection(address, pair.ca, "token")))
        return gateways[-1]

    yield serve
    for gateway in gateways:
        gateway.close()
    for thread in threads:
        thread.join(timeout=10)
    listener.close()


def _serve_once(listener: socket.socket, pair: Pair, behaviour: Behaviour) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.file)
    with listener.accept()[0] as plain, context.wrap_socket(plain, server_side=True) as line:
        line.settimeout(10)
        _read_request(line)
        try:
            behaviour(line)
        except OSError:
            return  # the gateway hung up first, as it should


def _read_request(line: ssl.SSLSocket) -> None:
    """Read it whole: to hang up on unread bytes resets the connection before the answer is read."""
    seen = line.recv(65536)
    head, _, body = seen.partition(b"\r\n\r\n")
    told = [row for row in head.lower().split(b"\r\n") if row.startswith(b"content-length:")]
    left = int(told[0].partition(b":")[2]) - len(body) if told else 0
    while left > 0 and (more := line.recv(65536)):
        left -= len(more)


def answering(
    status: str, body: bytes, *, headers: str = "", said_to_be: str = "application/json"
) -> Behaviour:
    headers = f"Content-Type: {said_to_be}\r\n{headers}"
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return lambda line: line.sendall(head.encode() + body)


@pytest.fixture
def impostor(pair: Pair) -> Iterator[str]:
    """The address of a server with a certificate of its own CA, that nobody told us of."""
    listener = socket.create_server(("127.0.0.1", 0))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.file)

    def greet() -> None:
        with contextlib.suppress(OSError), listener.accept()[0] as plain:
            context.wrap_socket(plain, server_side=True).close()

    thread = threading.Thread(target=greet)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    thread.join(timeout=10)
    listener.close()


def test_a_server_whose_ca_is_not_the_clusters_is_untrusted(impostor: str, other_ca: str) -> None:
    error = failure(Gateway(Connection(impostor, other_ca, "token")))
    assert isinstance(error, Untrusted)
    assert "certificate is not accepted: self-signed certificate" in error.message


def test_a_server_under_another_name_is_untrusted(impostor: str, pair: Pair) -> None:
    address = impostor.replace("127.0.0.1", "localhost")
    error = failure(Gateway(Connection(address, pair.ca, "token")))
    assert isinstance(error, Untrusted)
    assert "not valid for 'localhost'" in error.message


def failure(gateway: Gateway) -> ClusterError:
    with pytest.raises(ClusterError) as raised:
        gateway.get(ANY)
    return raised.value


Serve = Callable[[Behaviour], Gateway]


def test_a_redirect_is_not_followed(server: Serve) -> None:
    elsewhere = "Location: https://127.0.0.1:1/\r\n"
    error = failure(server(answering("302 Found", b"", headers=elsewhere)))
    assert isinstance(error, ServerFault)
    assert "redirect" in error.message


@pytest.mark.parametrize(
    "body",
    [
        b"<html>hello</html>",
        b"[]",
        b"",
        b'{"a": NaN}',
        b'{"a": ',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_what_is_no_kubernetes_answer_is_a_server_fault(server: Serve, body: bytes) -> None:
    error = failure(server(answering("200 OK", body)))
    assert isinstance(error, ServerFault)
    assert "not from a Kubernetes API server" in error.message


def test_a_login_page_in_front_of_the_server_is_no_missing_grant(server: Serve) -> None:
    error = failure(server(answering("403 Forbidden", b"<html>sign in</html>")))
    assert isinstance(error, ServerFault)


def not_found(**details: str) -> bytes:
    """What an API server answers for an object that is not there."""
    return json.dumps(status_tree(404, "not found", details={**details})).encode()


NOT_THE_SERVERS = {
    "a proxy's page": b"<html>default backend - 404</html>",
    "nothing": b"",
    "any JSON": b'{"message": "not found"}',
    "another reason": json.dumps(
        status_tree(404, "gone", reason="Gone", details={"kind": "namespaces", "name": ANY.name})
    ).encode(),
    "no details": not_found(),
    "another name": not_found(kind="namespaces", name="payments-test"),
    "another kind": not_found(kind="pods", name="payments-prod"),
    "another group": not_found(group="example.org", kind="namespaces", name="payments-prod"),
    "the fence": not_found(kind="networkpolicies", name="deny-all"),
}
VERBS: dict[str, Callable[[Gateway], object]] = {
    "get": lambda gateway: gateway.get(ANY),
    "list": lambda gateway: gateway.list("Namespace"),
    "create": lambda gateway: gateway.create(tree_of(ANY)),
    "apply": lambda gateway: gateway.apply(tree_of(ANY)),
    "cut": lambda gateway: gateway.cut(ANY, [("spec", "a")], seen=tree_of(ANY)),
    "delete": lambda gateway: gateway.delete(ANY),
    "delete_collection": lambda gateway: gateway.delete_collection("Pod", "payments-prod"),
    "served_kinds": lambda gateway: gateway.served_kinds(["cilium.io"]),
    "review_access": lambda gateway: gateway.review_access(verb="get", resource="pods"),
    "renew_token": lambda gateway: gateway.renew_token(3600),
}


def tree_of(key: Key) -> Manifest:
    metadata: Manifest = {"name": key.name, "uid": "1", "resourceVersion": "1"}
    if key.namespace:
        metadata["namespace"] = key.namespace
    return {"apiVersion": "v1", "kind": key.kind, "metadata": metadata}


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())
@pytest.mark.parametrize("body", NOT_THE_SERVERS.values(), ids=NOT_THE_SERVERS.keys())
def test_g36_a_404_that_is_not_the_api_servers_is_a_fault_of_the_line(
    server: Serve, body: bytes, verb: Callable[[Gateway], object]
) -> None:
    with pytest.raises(ServerFault) as raised:
        verb(server(answering("404 Not Found", body)))
    assert raised.value.status == 404


def test_the_api_servers_own_404_says_that_there_is_none(server: Serve) -> None:
    told = not_found(kind="namespaces", name="payments-prod")
    assert server(answering("404 Not Found", told)).get(ANY) is None


def test_the_api_servers_own_404_to_a_delete_says_that_it_was_gone(server: Serve) -> None:
    told = not_found(group="networking.k8s.io", kind="networkpolicies", name="deny-all")
    assert server(answering("404 Not Found", told)).delete(FENCE) is False


def test_b2_no_404_to_the_post_of_a_namespace_is_a_refusal_of_it(server: Serve) -> None:
    told = not_found(kind="namespaces", name="payments-prod")
    with pytest.raises(ServerFault):
        server(answering("404 Not Found", told)).create(tree_of(ANY))


@pytest.mark.parametrize("status", ["400 Bad", "409 Conflict", "422 Unprocessable"])
def test_g36_a_page_that_refuses_is_not_the_api_servers_refusal(server: Serve, status: str) -> None:
    with pytest.raises(ServerFault):
        server(answering(status, b"<html>blocked</html>")).create(tree_of(ANY))


@pytest.mark.parametrize("verb", ["get", "list", "create", "apply", "cut"])
def test_g36_an_object_that_was_not_asked_for_is_a_fault_of_the_line(
    server: Serve, verb: str
) -> None:
    status = "201 Created" if verb == "create" else "200 OK"
    with pytest.raises(ServerFault, match="something else came"):
        VERBS[verb](server(answering(status, b'{"status": "ok"}')))


def test_deep_nesting_is_refused(server: Serve) -> None:
    body = b'{"a":' * 80 + b"1" + b"}" * 80
    error = failure(server(answering("200 OK", body)))
    assert "nested deeper than 64" in error.message


def test_an_oversized_answer_is_cut_off(server: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "LARGEST_ANSWER", 1024 * 1024)
    error = failure(server(answering("200 OK", b" " * 4 * 1024 * 1024)))
    assert isinstance(error, ServerFault)
    assert "larger than 1 MiB" in error.message


def test_a_compressed_answer_is_not_unpacked(server: Serve) -> None:
    error = failure(server(answering("200 OK", b"x", headers="Content-Encoding: gzip\r\n")))
    assert "compressed" in error.message


def test_an_answer_cut_short_is_a_server_fault(server: Serve) -> None:
    error = failure(
        server(lambda line: line.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"a":'))
    )
    assert isinstance(error, ServerFault)
    assert "cut short" in error.message


def test_a_chunked_answer_cut_short_is_a_server_fault(server: Serve) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{"
    assert isinstance(failure(server(lambda line: line.sendall(head))), ServerFault)


def test_a_server_that_hangs_up_is_unreachable(server: Serve) -> None:
    assert isinstance(failure(server(lambda line: line.close())), Unreachable)


def test_a_server_that_says_nothing_times_out(
    server: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "READ_SECONDS", 0.2)
    error = failure(server(lambda line: line.recv(1)))
    assert isinstance(error, TimedOut)


def test_a_server_that_drips_meets_the_deadline(
    server: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "SLOWEST_ANSWER_SECONDS", 0.3)

    def drip(line: ssl.SSLSocket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        pause = threading.Event()
        for _ in range(200):
            line.sendall(b" ")
            pause.wait(0.02)

    error = failure(server(drip))
    assert isinstance(error, TimedOut)
    assert "no complete answer" in error.message


def test_a_busy_server_says_when_to_come_back(server: Serve) -> None:
    body = status_of("too many requests", 429)
    error = failure(server(answering("429 Too Many", body, headers="Retry-After: 7\r\n")))
    assert isinstance(error, Busy)
    assert (error.retry_after, error.message) == (7.0, "too many requests")


def test_nobody_can_put_the_portal_to_sleep_for_a_year(server: Serve) -> None:
    late = answering("429 Too Many", status_of("", 429), headers="Retry-After: 31536000\r\n")
    assert failure(server(late)).retry_after == responses.LONGEST_RETRY_AFTER_SECONDS


def test_a_failing_server_is_a_server_fault_with_its_words(server: Serve) -> None:
    body = status_of("etcdserver: request timed out", 500)
    error = failure(server(answering("500 Internal Server Error", body)))
    assert isinstance(error, ServerFault)
    assert (error.status, error.message) == (500, "etcdserver: request timed out")


def status_of(words: str, code: int) -> bytes:
    return json.dumps(status_tree(code, words)).encode()


def test_the_servers_words_are_cut_and_cleaned(server: Serve) -> None:
    words = "\0\ud800\x1b[31m" + "x" * 5000
    error = failure(server(answering("400 Bad Request", status_of(words, 400))))
    assert len(error.message) == LONGEST_MESSAGE
    assert all(char.isprintable() for char in error.message)
    assert error.message.encode()


def test_nul_in_an_object_becomes_the_replacement_character(server: Serve) -> None:
    named = {**tree_of(ANY)["metadata"], "annotations": {"a": "x\0y"}}
    body = json.dumps({**tree_of(ANY), "metadata": named}).encode()
    live = server(answering("200 OK", body)).get(ANY)
    assert live is not None
    assert branch(live, "metadata", "annotations") == {"a": "x\ufffdy"}


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://127.0.0.1:1", "Connection refused"),
        ("https://api.invalid", "name cannot be resolved"),
    ],
)
def test_a_server_that_is_not_there_is_unreachable(pair: Pair, address: str, words: str) -> None:
    error = failure(Gateway(Connection(address, pair.ca, "token")))
    assert isinstance(error, Unreachable)
    assert words in error.message
