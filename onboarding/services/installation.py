"""Which portal this is: the identity that new namespaces carry, made up once and kept."""

from onboarding.models import Installation


def portal_identity() -> str:
    """Return this portal's identity. Two processes that ask first at once get the same."""
    row, _made = Installation.objects.get_or_create(pk=Installation.ONLY)
    return row.identity
