"""manage.py approval_root: print the public keys of the root, for an auditor to pin.

`deploy/verify_approvals.py --root=…` takes them, and BULKHEAD_APPROVAL_ROOTS those of retired keys.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from onboarding.domain.approval import to_text
from onboarding.services.approval_root import roots


class Command(BaseCommand):
    """Print one root a line, the one that seals now first."""

    help = "Print the public keys that approval keys of this installation are rooted in."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run."""
        found = roots()
        if not found:
            raise CommandError(
                "BULKHEAD_CREDENTIAL_KEYS is not set: run it in the workers' environment."
            )
        for root in found:
            self.stdout.write(to_text(root))
