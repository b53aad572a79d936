"""The digest of canonical bytes: what an approval binds to. The form itself is in domain."""

import hashlib
from collections.abc import Iterable

from onboarding.domain.canonical import canonical
from onboarding.domain.objects import Json

__all__ = ["canonical", "digest_of", "digest_of_set"]


def digest_of(tree: Json) -> str:
    """Return `sha256:` and the hex digest of the canonical bytes."""
    return f"sha256:{hashlib.sha256(canonical(tree)).hexdigest()}"


def digest_of_set(parts: Iterable[tuple[str, str]]) -> str:
    """Return what one word for many requests binds to: which they are, and each one's digest."""
    return digest_of({"v": 1, "requests": [{"request": one, "digest": of} for one, of in parts]})
