"""A TLS server of an attacker's own: it counts who comes and keeps what they say."""

import socket
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path

ANSWER = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Listener:
    """Answers everybody who trusts its certificate, until it is closed."""

    certificate: Path
    connections: int = 0
    heard: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.certificate)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(timeout=10)

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._socket.accept()
            except OSError:
                return  # closed
            self.connections += 1
            try:
                with plain, self._context.wrap_socket(plain, server_side=True) as line:
                    line.settimeout(5)
                    self.heard.append(line.recv(65536))
                    line.sendall(ANSWER)
            except OSError:
                continue
