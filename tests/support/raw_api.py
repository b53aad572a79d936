"""Speak to an API server as anybody, without a line of the product: the tests' own witness.

An admin's kubeconfig impersonates users and groups, which RBAC and admission treat as the real
ones.
"""

import base64
import http.client
import json
import ssl
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"


@dataclass(frozen=True)
class Reply:
    """A status code and the JSON object that came with it."""

    status: int
    body: dict[str, Any]

    @property
    def message(self) -> str:
        return str(self.body.get("message", ""))


@dataclass(frozen=True)
class RawApi:
    """One identity on one API server. `user` "" is the kubeconfig's own, an admin."""

    address: str
    trust: ssl.SSLContext
    token: str = ""
    user: str = ""
    groups: tuple[str, ...] = ()

    @classmethod
    def from_kubeconfig(cls, path: Path) -> "RawApi":
        tree = yaml.safe_load(path.read_text())
        cluster, user = tree["clusters"][0]["cluster"], tree["users"][0]["user"]
        ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
        trust = ssl.create_default_context(cadata=ca)
        if "client-certificate-data" in user:
            with tempfile.NamedTemporaryFile() as pair:
                for part in ("client-certificate-data", "client-key-data"):
                    pair.write(base64.b64decode(user[part]) + b"\n")
                pair.flush()
                trust.load_cert_chain(pair.name)
        return cls(cluster["server"], trust, user.get("token", ""))

    @classmethod
    def with_token(cls, address: str, *, ca: str, token: str) -> "RawApi":
        """Act as whoever the token belongs to, with no client certificate beside it."""
        return cls(address, ssl.create_default_context(cadata=ca), token)

    def acting_as(self, user: str, *groups: str) -> "RawApi":
        return replace(self, user=user, groups=(*groups, "system:authenticated"))

    def send(
        self, method: str, path: str, body: object = None, *, content: str = "application/json"
    ) -> Reply:
        """Send one request and return what came back, whatever it says."""
        where = urlsplit(self.address)
        line = http.client.HTTPSConnection(
            where.hostname or "", where.port, context=self.trust, timeout=30
        )
        try:
            line.putrequest(method, path)
            for name, value in self._headers(content):
                line.putheader(name, value)
            data = b"" if body is None else json.dumps(body).encode()
            line.putheader("Content-Length", str(len(data)))
            line.endheaders(data)
            answer = line.getresponse()
            return Reply(answer.status, json.loads(answer.read() or b"{}"))
        finally:
            line.close()

    def get(self, path: str) -> Reply:
        return self.send("GET", path)

    def post(self, path: str, body: object) -> Reply:
        return self.send("POST", path, body)

    def merge(self, path: str, body: object) -> Reply:
        return self.send("PATCH", path, body, content=MERGE)

    def delete(self, path: str) -> Reply:
        return self.send("DELETE", path)

    def _headers(self, content: str) -> list[tuple[str, str]]:
        headers = [("Accept", "application/json"), ("Content-Type", content)]
        if self.token:
            headers.append(("Authorization", f"Bearer {self.token}"))
        if self.user:
            headers.append(("Impersonate-User", self.user))
        return headers + [("Impersonate-Group", group) for group in self.groups]
