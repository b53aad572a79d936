"""An API server that is broken, overloaded or hostile costs a bounded wait and a clear error."""

import ipaddress
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

from onboarding.cluster import answers, connections
from onboarding.cluster.connections import Connection
from onboarding.cluster.errors import (
    LONGEST_MESSAGE,
    Busy,
    ClusterError,
    ServerFault,
    TimedOut,
    Unreachable,
)
from onboarding.cluster.gateway import Gateway
from onboarding.domain.objects import Key

ANY = Key("Namespace", "", "payments-prod")
Behaviour = Callable[[ssl.SSLSocket], object]


@dataclass(frozen=True)
class Pair:
    """A server certificate, its own CA, for 127.0.0.1."""

    file: Path
    ca: str


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
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
    file = tmp_path_factory.mktemp("hostile") / "pair.pem"
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
        line.recv(65536)
        try:
            behaviour(line)
        except OSError:
            return  # the gateway hung up first, as it should


def answering(status: str, body: bytes, *, headers: str = "") -> Behaviour:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return lambda line: line.sendall(head.encode() + body)


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
    error = failure(server(answering("403 AccessDenied", b"<html>sign in</html>")))
    assert isinstance(error, ServerFault)


def test_deep_nesting_is_refused(server: Serve) -> None:
    body = b'{"a":' * 80 + b"1" + b"}" * 80
    error = failure(server(answering("200 OK", body)))
    assert "nested deeper than 64" in error.message


def test_an_oversized_answer_is_cut_off(server: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "LARGEST_ANSWER", 1024 * 1024)
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
    monkeypatch.setattr(answers, "SLOWEST_ANSWER_SECONDS", 0.3)

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
    body = b'{"kind":"Status","message":"too many requests","reason":"TooManyRequests"}'
    error = failure(server(answering("429 Too Many", body, headers="Retry-After: 7\r\n")))
    assert isinstance(error, Busy)
    assert (error.retry_after, error.message) == (7.0, "too many requests")


def test_nobody_can_put_the_portal_to_sleep_for_a_year(server: Serve) -> None:
    late = answering("429 Too Many", b"{}", headers="Retry-After: 31536000\r\n")
    assert failure(server(late)).retry_after == answers.LONGEST_RETRY_AFTER_SECONDS


def test_a_failing_server_is_a_server_fault_with_its_words(server: Serve) -> None:
    body = b'{"kind":"Status","message":"etcdserver: request timed out"}'
    error = failure(server(answering("500 Internal Server Error", body)))
    assert isinstance(error, ServerFault)
    assert (error.status, error.message) == (500, "etcdserver: request timed out")


def test_the_servers_words_are_cut_and_cleaned(server: Serve) -> None:
    words = b"\\u0000\\ud800\\u001b[31m" + b"x" * 5000
    error = failure(server(answering("400 Bad Request", b'{"message":"' + words + b'"}')))
    assert len(error.message) == LONGEST_MESSAGE
    assert all(char.isprintable() for char in error.message)
    assert error.message.encode()


def test_nul_in_an_object_becomes_the_replacement_character(server: Serve) -> None:
    body = rb'{"metadata":{"annotations":{"a":"x\u0000y"}}}'
    live = server(answering("200 OK", body)).get(ANY)
    assert live == {"metadata": {"annotations": {"a": "x\ufffdy"}}}


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
