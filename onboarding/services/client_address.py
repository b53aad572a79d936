"""Where a request comes from: the address behind the proxies that settings count. The one place.

Events, limits of sign-in and the log all ask here.
"""

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from typing import Any

from django.conf import settings


def client_address(meta: Mapping[str, Any]) -> str | None:
    """Return the client's address, or None where it cannot be known. `meta` is request.META.

    Each proxy adds the address it was spoken to from at the end of X-Forwarded-For; what stands
    before those of our own proxies may be invented.
    """
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    if proxies <= 0:
        return _read(str(meta.get("REMOTE_ADDR", "")))
    passed_on = str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    return _read(passed_on[-proxies]) if len(passed_on) >= proxies else None


def _read(written: str) -> str | None:
    """Return an address without port, brackets and zone; IPv4 in the clothes of IPv6 as IPv4."""
    host = written.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(found)
