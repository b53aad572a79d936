"""Public ids: what stands in URLs. Random, so that nothing can be counted or guessed."""

import secrets

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0/O, 1/I/L, U: read aloud without mistakes
PUBLIC_ID_LENGTH = 10


def public_id() -> str:
    """Return ten characters, about 49 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(PUBLIC_ID_LENGTH))
