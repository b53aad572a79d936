"""Clusters of which something is wrong: no API server is behind any of their addresses."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

STATUS = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Unauthorized"}


class Refusing(BaseHTTPRequestHandler):
    """Answers everything as an API server does to a token that it does not know."""

    def answer(self) -> None:
        body = json.dumps({**STATUS, "message": "Unauthorized", "code": 401}).encode()
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def __getattr__(self, name: str) -> object:
        """Whatever the method is: http.server calls `do_` and its name."""
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def sick_clusters(pair: Path) -> Iterator[dict[str, str]]:
    """The addresses of one that nobody answers at, one that hangs and one that refuses the token.

    `pair` is the file with certificate and key of the last.
    """
    with ExitStack() as stack:
        nobody = socket.create_server(("127.0.0.1", 0))
        # Who connects is in its backlog, and waits.
        hung = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=100))
        refusing = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Refusing))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair)
        refusing.socket = context.wrap_socket(refusing.socket, server_side=True)
        threading.Thread(target=refusing.serve_forever, daemon=True).start()
        stack.callback(refusing.shutdown)
        servers = {"unreachable": nobody, "hung": hung, "unauthorized": refusing.socket}
        ports = {name: one.getsockname()[1] for name, one in servers.items()}
        nobody.close()
        yield {name: f"https://127.0.0.1:{port}" for name, port in ports.items()}
