"""An API server that accepts everybody, takes what they say, and never answers."""

import socket
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class HungServer:
    """Hangs until it is closed. `heard` counts the requests that wait for an answer."""

    certificate: Path
    heard: int = 0
    _lines: list[socket.socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=200)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.certificate)
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for line in self._lines:
            line.close()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return  # closed
            self._lines.append(line)
            threading.Thread(target=self._listen, args=(line,), daemon=True).start()

    def _listen(self, line: socket.socket) -> None:
        try:
            with self._context.wrap_socket(line, server_side=True) as secured:
                if secured.recv(65536):
                    self.heard += 1
                while secured.recv(65536):
                    pass
        except OSError:
            return  # the other end had enough
