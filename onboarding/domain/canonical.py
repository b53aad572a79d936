"""Canonical bytes: JSON with sorted keys, no white space, UTF-8, no NaN.

Two equal trees have equal bytes in every process and on every machine, so that what was hashed or
signed can be checked without this program.
"""

import json

from onboarding.domain.objects import Json


def canonical(tree: Json) -> bytes:
    """Return the canonical bytes of a JSON tree."""
    return json.dumps(
        tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()
