"""A real mail server on a free port, which keeps what it takes. It can be away, or refuse."""

import email
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller


def unused_port() -> int:
    """A port that nobody listens on now: the server comes back to the same one."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class MailServer:
    """What it took, by envelope and message. `refuses` is {address: answer}.

    `refuses_sender` and `refuses_text` are what it answers to every mail, if anything.
    """

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], EmailMessage]] = []
        self.refuses: dict[str, str] = {}
        self.refuses_sender = self.refuses_text = ""
        self._controller: Controller | None = None
        self.port = unused_port()

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's name)
        self, _server: Any, _session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if not self.refuses_sender:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return self.refuses_sender or "250 OK"

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refuses_text:
            return self.refuses_text
        message = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.taken.append((list(envelope.rcpt_tos), message))
        return "250 OK"

    def start(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def to(self, address: str) -> list[EmailMessage]:
        """The messages to an address, oldest first."""
        return [message for addresses, message in self.taken if addresses == [address]]

    def subjects(self) -> list[tuple[str, str]]:
        """To whom each went and what it was about, in the order of the alphabet."""
        return sorted((addresses[0], str(one["Subject"])) for addresses, one in self.taken)


def text_of(message: EmailMessage, form: str = "plain") -> str:
    """One of the two bodies of a message."""
    part = message.get_body((form,))
    assert part is not None
    return str(part.get_content())


@contextmanager
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    """A mail server, to which the portal sends."""
    with mail_server() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield running
