"""Canonical bytes and their digest: what an approval binds to.

Canonical form: JSON with sorted keys, no white space, UTF-8, no NaN. Two equal trees have equal
bytes in every process and on every machine, so a digest can be checked without this program.
"""

import hashlib
import json

from onboarding.domain.objects import Json


def canonical(tree: Json) -> bytes:
    """Return the canonical bytes of a JSON tree."""
    return json.dumps(
        tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def digest_of(tree: Json) -> str:
    """Return `sha256:` and the hex digest of the canonical bytes."""
    return f"sha256:{hashlib.sha256(canonical(tree)).hexdigest()}"
