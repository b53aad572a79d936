"""What surrounds every page: navigation by permissions, the person's roles, demo sign-ins."""

from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from onboarding.demo.people import DEMO_PASSWORD, DEMO_PEOPLE
from onboarding.models import HistoryBreak
from onboarding.models.breaks import open_breaks
from onboarding.queries.permissions import Permissions, permissions_of
from onboarding.queries.requests import waiting_count
from onboarding.services.sessions import SessionStore

MOST_SHOWN = 99
TO_APPROVALS = "g"  # the key, on every page of somebody who may decide
NavEntry = tuple[str, str, str, int | str | None]


@dataclass(frozen=True)
class NavItem:
    """One entry of the rail."""

    url: str
    label: str
    icon: str
    count: int | str | None = None
    current: bool = False
    key: str = ""


@dataclass(frozen=True)
class SessionEnd:
    """When the person is signed out: `left` seconds from now if no page is asked for until then."""

    at: datetime
    left: int


@dataclass(frozen=True)
class Shell:
    """The frame's contents."""

    nav: list[NavItem] = field(default_factory=list)
    role_line: str = ""
    waiting: int = 0  # requests for this person to decide
    decides: bool = False
    is_platform_admin: bool = False
    signs: bool = False
    breaks: list[HistoryBreak] = field(default_factory=list)
    demo_people: list[dict[str, str]] = field(default_factory=list)
    session: SessionEnd | None = None

    @property
    def held(self) -> frozenset[int]:
        """Return the primary keys of the clusters that are only looked at after a restore."""
        return frozenset(one.cluster_id for one in self.breaks)


def shell(request: HttpRequest) -> dict[str, Shell]:
    """Return the frame for templates, as `shell`."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        people = [
            {
                "name": person.name,
                "username": person.username,
                "password": DEMO_PASSWORD,
                "role": person.role,
            }
            for person in DEMO_PEOPLE
        ]
        return {"shell": Shell(demo_people=people if settings.DEMO else [])}
    permissions = getattr(request, "permissions", None) or permissions_of(user)
    waiting = waiting_count(permissions) if permissions.is_approver else 0
    entries = _entries(permissions, waiting)
    path = _within(request.path)
    chosen = max((url for url, *_rest in entries if path.startswith(url)), key=len, default="")
    return {
        "shell": Shell(
            nav=[
                NavItem(url, label, icon, count, current=url == chosen, key=_key_of(url))
                for url, label, icon, count in entries
            ],
            role_line=_role_line(permissions),
            waiting=waiting,
            decides=permissions.is_approver,
            is_platform_admin=permissions.is_platform_admin,
            signs=permissions.is_approver or permissions.is_platform_admin,
            breaks=list(open_breaks().select_related("cluster")),
            session=_session_end(request),
        )
    }


def _session_end(request: HttpRequest) -> SessionEnd | None:
    """Return when the session ends, as far as this request has read it. No query."""
    session = request.session
    if not isinstance(session, SessionStore) or not session.ends_at or not session.read_at:
        return None
    left = session.ends_at - session.read_at
    return SessionEnd(session.ends_at, max(0, int(left.total_seconds())))


def _key_of(url: str) -> str:
    return TO_APPROVALS if url == reverse("queue") else ""


def _within(path: str) -> str:
    """Return the path by which an entry of the rail is marked as the current one."""
    if path.startswith("/refreshes/"):
        return reverse("request-list")
    if path.startswith(("/teams/", "/roles/")):
        return reverse("people-list")
    return path


def _entries(permissions: Permissions, waiting: int) -> list[NavEntry]:
    entries: list[NavEntry] = [(reverse("home"), _("Home"), "home", None)]
    entries.append((reverse("inbox"), _("Inbox"), "bell", _unread(permissions)))
    if permissions.is_approver:
        entries.append((reverse("queue"), _("Approvals"), "inbox", waiting))
    entries.append((reverse("namespace-list"), _("Namespaces"), "box", None))
    entries.append((reverse("request-list"), _("Requests"), "doc", None))
    entries.append((reverse("reachability"), _("Reachability"), "arrow", None))
    entries.append((reverse("template-list"), _("Catalogue"), "copy", None))
    if permissions.is_platform_admin:
        entries.append((reverse("cluster-list"), _("Clusters"), "cluster", None))
        entries.append((reverse("people-list"), _("People"), "people", None))
        entries.append((reverse("system"), _("System"), "info", None))
    if permissions.reads_history:
        entries.append((reverse("event-list"), _("History"), "history", None))
    entries.append((reverse("help"), _("Help"), "help", None))
    return entries


def _unread(permissions: Permissions) -> int | str | None:
    """Return how much of the inbox is unread, None where all is read."""
    unread = permissions.unread
    return f"{MOST_SHOWN}+" if unread > MOST_SHOWN else unread or None


def _role_line(permissions: Permissions) -> str:
    roles = []
    if permissions.leads:
        roles.append(_("Team lead"))
    elif permissions.teams:
        roles.append(_("Team member"))
    roles += [_("%(lane)s approver") % {"lane": lane.value.title()} for lane in permissions.lanes]
    if permissions.is_auditor:
        roles.append(_("Auditor, read only"))
    if permissions.is_platform_admin:
        roles.append(_("Platform admin"))
    return ", ".join(roles) or _("No team yet")
