"""What an attacker sends to an API server, who refused it, and the table of both."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tests.support.raw_api import APPLY, MERGE, RawApi, Reply

STRATEGIC, JSON_PATCH = "application/strategic-merge-patch+json", "application/json-patch+json"
NOBODY = "nobody"
_BY_ADMISSION = re.compile(r"ValidatingAdmissionPolicy '([^']+)'")
_BY_WORDS = (
    (re.compile(r'User "[^"]*" cannot '), "RBAC"),
    (re.compile(r"violates PodSecurity"), "Pod Security"),
    (re.compile(r"exceeded quota|failed quota"), "quota"),
    (re.compile(r"attempting to grant RBAC permissions"), "RBAC (more than one's own rights)"),
)


@dataclass(frozen=True)
class Request:
    """One request to an API server; `what` says in words what it is for."""

    what: str
    method: str
    path: str
    body: object = None
    content: str = "application/json"

    def dry(self) -> "Request":
        """Judged like any other by everybody who may refuse it, and never stored."""
        mark = "&" if "?" in self.path else "?"
        return replace(self, path=f"{self.path}{mark}dryRun=All")

    def by(self, who: RawApi) -> Reply:
        return who.send(self.method, self.path, self.body, content=self.content)


def create(what: str, path: str, body: object) -> Request:
    return Request(what, "POST", path, body)


def merge(what: str, path: str, body: object) -> Request:
    return Request(what, "PATCH", path, body, MERGE)


def read(what: str, path: str) -> Request:
    return Request(what, "GET", path)


def remove(what: str, path: str) -> Request:
    return Request(what, "DELETE", path)


def apply(what: str, path: str, body: object) -> Request:
    return Request(what, "PATCH", f"{path}?fieldManager=attacker&force=true", body, APPLY)


def refused_by(reply: Reply) -> str:
    """Who said no. Not found is no refusal: whoever is told so was let through."""
    if by := _BY_ADMISSION.search(reply.message):
        return by.group(1)
    if reply.status == 403:
        for words, who in _BY_WORDS:
            if words.search(reply.message):
                return who
    if reply.status in (400, 422):
        return "validation"
    return NOBODY


@dataclass
class Campaign:
    """Attempts by who is expected to refuse them; what went astray, and how many there were."""

    who: RawApi
    counts: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)

    def expect(self, refuser: str, requests: Iterable[Request]) -> None:
        """Send each; note what somebody else refused, or nobody, and what the server said."""
        for request in requests:
            assert request.what not in self.sent, f"twice: {request.what}"
            self.sent.add(request.what)
            reply = request.by(self.who)
            by = refused_by(reply)
            self.counts[by] += 1
            if by != refuser:
                self.wrong[request.what] = f"{by}: {reply.status} {reply.message}"

    def attempts(self, title: str) -> int:
        """Say who refused how many (`pytest -rP` shows it); fail where it was not who it should."""
        print(f"{title}: {self.counts.total()}")
        for refuser, count in self.counts.most_common():
            print(f"{count:5}  {refuser}")
        assert not self.wrong, "\n".join(f"{what}: {said}" for what, said in self.wrong.items())
        return self.counts.total()
