"""What the page of a decision offers for signing it: with a passkey, without, and who has to."""

from collections.abc import Collection
from dataclasses import dataclass

from onboarding.domain.lanes import Lane
from onboarding.models import User
from onboarding.queries.approval_keys import keys_for, usable_keys_of


@dataclass(frozen=True)
class Signing:
    """Of the lanes a person may decide now: which they can sign, and which count only signed."""

    offered: tuple[Lane, ...]
    signable: tuple[Lane, ...]
    demanded: frozenset[Lane]

    @property
    def offers_unsigned(self) -> bool:
        """Tell whether an approval without a signature counts on any of the lanes."""
        return any(lane not in self.demanded for lane in self.offered)

    @property
    def lacking(self) -> list[str]:
        """Return the lanes that have to be signed, and for which the person has no key."""
        return [
            lane.value
            for lane in self.offered
            if lane in self.demanded and lane not in self.signable
        ]


def signing_of(person: User, offered: Collection[Lane], demanded: Collection[Lane]) -> Signing:
    """Return what to offer where approvals of `demanded` count only signed. Two queries or none."""
    keys = usable_keys_of(person) if offered else []
    return Signing(
        offered=tuple(offered),
        signable=tuple(lane for lane in offered if keys_for(lane, keys)),
        demanded=frozenset(demanded),
    )
