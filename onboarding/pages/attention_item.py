"""One line of what needs attention, and who reads it. The sources are named in attention.py."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from onboarding.models import User
from onboarding.queries.permissions import Permissions

SHOWN = 50


@dataclass(frozen=True)
class Reader:
    """Who reads the page, what they may do, and when."""

    user: User
    permissions: Permissions
    now: datetime


@dataclass(frozen=True)
class Item:
    """One line of what needs attention. `rest` is a person's or a server's own words."""

    tone: str
    icon: str
    text: str
    url: str
    rest: str = ""
    at: datetime | None = None


Source = Callable[[Reader], list[Item]]
