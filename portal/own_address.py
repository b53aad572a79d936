"""How addresses of the portal begin where no request is at hand: in mails."""

from collections.abc import Sequence

from django.core.exceptions import ImproperlyConfigured


def base_url(given: str, *, origins: Sequence[str], hosts: Sequence[str], https: bool) -> str:
    """Return what BULKHEAD_BASE_URL says, or what follows from the other settings.

    Raises ImproperlyConfigured for what is no address of a web site.
    """
    host = next((host for host in hosts if not host.startswith((".", "*"))), "localhost")
    usual = f"https://{host}" if https else f"http://{host}:8000"
    url = (given or next(iter(origins), usual)).rstrip("/")
    if not url.startswith(("https://", "http://")) or not url.isascii() or " " in url:
        raise ImproperlyConfigured("BULKHEAD_BASE_URL is like https://portal.example.org")
    return url
