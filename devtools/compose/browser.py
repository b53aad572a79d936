"""A browser without scripts: pages, forms and cookies, by the address people use."""

import html
import re
import socket
import ssl
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import (
    HTTPCookieProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    Request,
    build_opener,
)

ANSWER_SECONDS = 30
HERE = "127.0.0.1"
NOT_SENT = frozenset({"submit", "button", "image", "reset", "file"})


class NoSuchForm(Exception):
    """The page does not hold what was to be filled in; the message shows what it says."""


@dataclass
class Form:
    """What a browser would send if nothing was changed."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    url: str
    status: int
    body: str

    @property
    def words(self) -> str:
        """What people read, in one line."""
        return words_of(re.sub(r"<(script|style|head)\b.*?</\1>", " ", self.body, flags=re.DOTALL))

    def form(self, field_name: str, action: str | None = None) -> Form:
        """The form that has this field, and goes there if that is said. Raises NoSuchForm."""
        reader = _Forms()
        reader.feed(self.body)
        for one in reader.forms:
            if field_name in one.fields and action in {None, one.action}:
                return one
        raise NoSuchForm(f"{self.url} ({self.status}) has no {field_name}: {self.words[:1000]}")


def words_of(markup: str) -> str:
    """The text between tags, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


class Browser:
    """One person's browser. Whatever the host, it goes to this machine: no name is looked up."""

    def __init__(self, origin: str, authority: str = "") -> None:
        """Take the portal's address, and the certificate authority (PEM) of its proxy."""
        self._origin = origin
        trusted = ssl.create_default_context(cadata=authority) if authority else None
        handlers = [_Plain(), _Secure(context=trusted), HTTPCookieProcessor(CookieJar())]
        self._opener: OpenerDirector = build_opener(*handlers)

    def get(self, path: str, **headers: str) -> Page:
        return self._ask(Request(urljoin(self._origin, path), headers=headers))

    def send(self, page: Page, has: str, **answers: str) -> Page:
        """Fill in the form of a page that has the field `has`, and send it."""
        return self.send_form(page, page.form(has), **answers)

    def send_form(self, page: Page, form: Form, **answers: str) -> Page:
        content = urlencode(form.fields | answers).encode()
        target = urljoin(page.url, form.action or page.url)
        return self._ask(Request(target, content, {"Referer": page.url}))

    def sign_in(self, name: str, password: str) -> Page:
        return self.send(self.get("/accounts/login/"), "login", login=name, password=password)

    def _ask(self, request: Request) -> Page:
        try:
            with self._opener.open(request, timeout=ANSWER_SECONDS) as answer:
                return _page(answer)
        except HTTPError as answer:
            with answer:
                return _page(answer)


def _page(answer: Any) -> Page:
    return Page(answer.url, answer.status, answer.read().decode(errors="replace"))


class _PlainHere(HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.create_connection((HERE, self.port), self.timeout)


class _SecureHere(HTTPSConnection):
    def connect(self) -> None:
        line = socket.create_connection((HERE, self.port), self.timeout)
        context: ssl.SSLContext = self._context  # type: ignore[attr-defined]  # of http.client
        self.sock = context.wrap_socket(line, server_hostname=self.host)


class _Plain(HTTPHandler):
    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_PlainHere, req)


class _Secure(HTTPSHandler):
    def https_open(self, req: Request) -> HTTPResponse:
        own: ssl.SSLContext = self._context  # type: ignore[attr-defined]  # of urllib
        return self.do_open(_SecureHere, req, context=own)


class _Forms(HTMLParser):
    """Collects forms. Of choices the chosen one counts, of a list without one its first."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._list = ""
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action", ""))
            self.forms.append(self._form)
        elif self._form is not None:
            self._take(self._form, tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._list = ""
        elif tag == "textarea":
            self._text = ""

    def handle_data(self, data: str) -> None:
        if self._text and self._form is not None:
            self._form.fields[self._text] += data.removeprefix("\n")

    def _take(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if tag == "input" and name:
            _take_input(form, name, given)
        elif tag == "select":
            self._list = name
        elif tag == "option" and self._list:
            if "selected" in given or self._list not in form.fields:
                form.fields[self._list] = given.get("value", "")
        elif tag == "textarea" and name:
            self._text = name
            form.fields[name] = ""


def _take_input(form: Form, name: str, given: dict[str, str]) -> None:
    kind = given.get("type", "text")
    if kind in {"radio", "checkbox"}:
        if "checked" in given:
            form.fields[name] = given.get("value", "on")
    elif kind not in NOT_SENT:
        form.fields.setdefault(name, given.get("value", ""))
