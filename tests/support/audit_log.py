"""The API server's audit log: an independent witness of who asked it for what, and in which order.

Written by the API server, not by the portal. Dry runs are left out: they store nothing.
"""

import json
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

from tests.support.raw_api import RawApi

PORTAL = "system:serviceaccount:bulkhead-system:bulkhead"
WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
# Requests that ask and store nothing, although they are POSTs.
QUESTIONS = frozenset({"subjectaccessreviews", "selfsubjectaccessreviews"})
FLUSH_SECONDS = 10.0


@dataclass(frozen=True)
class Entry:
    """One answered request, as the API server logged it."""

    tree: dict[str, Any]

    @property
    def verb(self) -> str:
        return str(self.tree["verb"])

    @property
    def user(self) -> str:
        return str(self.tree["user"]["username"])

    @property
    def groups(self) -> list[str]:
        return list(self.tree["user"].get("groups", []))

    @property
    def code(self) -> int:
        return int(self.tree.get("responseStatus", {}).get("code", 0))

    @property
    def resource(self) -> str:
        return str(self._reference.get("resource", ""))

    @property
    def name(self) -> str:
        named = self._reference.get("name") or self.sent.get("metadata", {}).get("name", "")
        return str(named)

    @property
    def namespace(self) -> str:
        """The namespace it is about, also where it is only named in the body."""
        if self.resource == "namespaces":
            return self.name
        if self.resource in QUESTIONS:
            asked = self.sent.get("spec", {}).get("resourceAttributes", {})
            return str(asked.get("namespace", ""))
        return str(self._reference.get("namespace", ""))

    @property
    def sent(self) -> dict[str, Any]:
        return dict(self.tree.get("requestObject") or {})

    @property
    def stored(self) -> dict[str, Any]:
        return dict(self.tree.get("responseObject") or {})

    @property
    def version(self) -> int:
        """The resourceVersion of what was stored: a total order over the whole cluster."""
        return int(self.stored.get("metadata", {}).get("resourceVersion") or 0)

    @property
    def is_dry_run(self) -> bool:
        return "dryRun=" in str(self.tree.get("requestURI", ""))

    @property
    def is_write(self) -> bool:
        return self.verb in WRITES and self.resource not in QUESTIONS

    @property
    def succeeded(self) -> bool:
        return 200 <= self.code < 300

    @property
    def what(self) -> str:
        """E.g. `patch networkpolicies/deny-all`."""
        return f"{self.verb} {self.resource}" + (f"/{self.name}" if self.name else "")

    @cached_property
    def _reference(self) -> dict[str, Any]:
        return dict(self.tree.get("objectRef") or {})


@dataclass
class AuditLog:
    """What was logged since `start`; `admin` is only used to know that the log is complete."""

    path: Path
    admin: RawApi
    start: int = field(default=0)

    def since_now(self) -> "AuditLog":
        """The same log, from here on."""
        self._wait_until_written()
        return AuditLog(self.path, self.admin, self.path.stat().st_size)

    def about(self, namespace: str, *, by: str | None = None) -> list[Entry]:
        """Everything asked about one namespace, in the order of answering; `by` one user or all."""
        self._wait_until_written()
        return [
            entry
            for entry in self._entries(namespace)
            if entry.namespace == namespace
            and not entry.is_dry_run
            and (by is None or entry.user == by)
        ]

    def by_portal(self, namespace: str) -> list[Entry]:
        return self.about(namespace, by=PORTAL)

    def of_portal(self) -> list[Entry]:
        """Everything the portal's account asked, about whatever."""
        self._wait_until_written()
        return [entry for entry in self._entries(PORTAL) if entry.user == PORTAL]

    def writes_of_portal(self, namespace: str) -> list[Entry]:
        return [entry for entry in self.by_portal(namespace) if entry.is_write]

    def _entries(self, containing: str) -> list[Entry]:
        with self.path.open("rb") as log:
            log.seek(self.start)
            lines = [line for line in log if containing.encode() in line and line.endswith(b"\n")]
        return [Entry(json.loads(line)) for line in lines]

    def _wait_until_written(self) -> None:
        """Leave a mark as the last request, and wait until the log holds it."""
        mark = f"mark-{uuid.uuid4().hex}"
        self.admin.get(f"/api/v1/namespaces/{mark}")
        pause, deadline = Event(), monotonic() + FLUSH_SECONDS
        while not self._entries(mark):
            assert monotonic() < deadline, "the API server does not write its audit log"
            pause.wait(0.02)


def creations(entries: list[Entry]) -> list[Entry]:
    """The Namespace objects that came to be."""
    return [
        entry
        for entry in entries
        if entry.resource == "namespaces" and entry.verb == "create" and entry.code == 201
    ]


def check_fence_first(entries: list[Entry], *, stored_at: int = 0) -> None:
    """Assert G9: deny-all is stored before every other object in it, so before every binding.

    `stored_at` is deny-all's own resourceVersion, for a log that a killed server lost a line of.
    """
    stored = [
        entry
        for entry in entries
        if entry.is_write and entry.succeeded and entry.resource != "namespaces"
    ]
    fences = [entry.version for entry in stored if entry.what == "patch networkpolicies/deny-all"]
    others = [entry.version for entry in stored if entry.what != "patch networkpolicies/deny-all"]
    assert fences or stored_at
    assert others
    assert min(fences or [stored_at]) < min(others)
    assert stored[0].what == "patch networkpolicies/deny-all" or not fences
