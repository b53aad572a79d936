"""Which approval keys there are and how they stand, as rows tell it.

For pages, and for good errors in good time. Workers believe no row here: services/key_ring.py.
"""

from collections.abc import Iterable, Mapping

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from onboarding.domain.lanes import Lane
from onboarding.models import ApprovalKey, ApprovalKeyWord, User

_WORDS = ApprovalKeyWord.objects.filter(key=OuterRef("pk"))
CONFIRMED = Exists(_WORDS.filter(verb=ApprovalKeyWord.Verb.CONFIRM))
REVOKED = Exists(_WORDS.filter(verb=ApprovalKeyWord.Verb.REVOKE))


def with_words(rows: QuerySet[ApprovalKey]) -> QuerySet[ApprovalKey]:
    """Return the keys with `is_confirmed` and `is_revoked`."""
    return rows.select_related("person").annotate(is_confirmed=CONFIRMED, is_revoked=REVOKED)


def usable() -> QuerySet[ApprovalKey]:
    """Return the keys that are confirmed and not revoked."""
    return ApprovalKey.objects.filter(CONFIRMED, ~REVOKED).select_related("person")


def waiting() -> QuerySet[ApprovalKey]:
    """Return the keys that somebody asked to enrol and nobody confirmed or revoked."""
    return ApprovalKey.objects.filter(~CONFIRMED, ~REVOKED).select_related("person")


def usable_keys_of(person: User) -> list[ApprovalKey]:
    """Return the keys the person can sign with now. One query."""
    return list(usable().filter(person=person))


def keys_for(lane: Lane, keys: Iterable[ApprovalKey]) -> list[ApprovalKey]:
    """Return those of the keys that are enrolled for the lane; for none where it has no list."""
    return [key for key in keys if isinstance(key.lanes, list) and lane.value in key.lanes]


def confirming(keys: Iterable[ApprovalKey]) -> list[ApprovalKey]:
    """Return those of the keys that may confirm other people's."""
    return [key for key in keys if key.confirms]


def lanes_to_sign(needed: Iterable[str]) -> frozenset[Lane]:
    """Return of a request's lanes those whose approval workers believe only if it is signed.

    Where the settings demand none of these, but demand any, it is all of them: a signature is over
    which lanes are needed too, and nothing else stops a forger from leaving the signed lane away.
    """
    lanes = frozenset(map(Lane, needed))
    demanded = frozenset(lane for lane in lanes if lane.value in settings.SIGNED_LANES)
    return demanded or (lanes if settings.SIGNED_LANES else frozenset())


def signers(needed: Iterable[str]) -> Mapping[Lane, frozenset[int]]:
    """Return of each lane that has to be signed who has a key for it, by id. One query or none."""
    demanded = lanes_to_sign(needed)
    keys = list(usable()) if demanded else []
    return {lane: frozenset(key.person_id for key in keys_for(lane, keys)) for lane in demanded}


def who_can_sign(
    lane: Lane, people: tuple[User, ...], keyed: Mapping[Lane, frozenset[int]]
) -> tuple[User, ...]:
    """Return who of these people can approve the lane, as `signers` knows them."""
    return tuple(one for one in people if lane not in keyed or one.pk in keyed[lane])
