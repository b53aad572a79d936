"""Draw a piece of template and look at the elements that come out."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

from django.conf import settings
from django.template import Context, Template
from django.test import override_settings

NOW = datetime(2026, 11, 24, 14, 20, tzinfo=UTC)
EVIL = "<script>alert('x')</script>\" onload=\"y"
_PLAIN = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def draw(source: str, **context: Any) -> str:
    """Return what the tags of the product make of `source`, at NOW, without hashed file names."""
    with override_settings(STORAGES=settings.STORAGES | _PLAIN):
        return Template("{% load bulkhead %}" + source).render(Context({"now": NOW} | context))


class Elements(HTMLParser):
    """Every (element, attributes) of a piece of HTML, in order, as `found`."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def first(self, tag: str) -> dict[str, str | None]:
        """Return the attributes of the first such element."""
        return next(attrs for name, attrs in self.found if name == tag)

    def each(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of all such elements."""
        return [attrs for name, attrs in self.found if name == tag]
