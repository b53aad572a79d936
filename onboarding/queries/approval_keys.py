"""Which approval keys there are and how they stand, as rows tell it.

For pages, and for good errors in good time. Workers believe no row here: services/key_ring.py.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.conf import settings
from django.db.models import Case, Exists, OuterRef, QuerySet, When

from onboarding.domain.lanes import Lane
from onboarding.models import ApprovalKey, ApprovalKeyWord, User

REVOKED = Exists(
    ApprovalKeyWord.objects.filter(key=OuterRef("pk"), verb=ApprovalKeyWord.Verb.REVOKE)
)


def with_words(rows: QuerySet[ApprovalKey]) -> QuerySet[ApprovalKey]:
    """Return the keys with `is_confirmed` and `is_revoked`. One query besides."""
    is_confirmed = Case(When(pk__in=_confirmed(), then=True), default=False)
    return rows.select_related("person").annotate(is_confirmed=is_confirmed, is_revoked=REVOKED)


def usable() -> QuerySet[ApprovalKey]:
    """Return the keys that are confirmed and not revoked. One query besides."""
    return ApprovalKey.objects.filter(~REVOKED, pk__in=_confirmed()).select_related("person")


def waiting() -> QuerySet[ApprovalKey]:
    """Return the keys that somebody asked to enrol and nobody confirmed or revoked.

    Keys that a revoked one confirmed are among them. One query besides.
    """
    rows = ApprovalKey.objects.filter(~REVOKED).exclude(pk__in=_confirmed())
    return rows.select_related("person")


def _confirmed() -> frozenset[int]:
    """Return the keys that the console confirmed, or a key that counted by then. One query.

    Who revokes a key takes away what it confirmed, or a thief could go on confirming in the past.
    """
    verbs = ApprovalKeyWord.Verb
    words = list(ApprovalKeyWord.objects.order_by("at").values_list("key", "verb", "by_key", "at"))
    revoked = {key for key, verb, _by, _at in words if verb == verbs.REVOKE}
    given: list[tuple[int, int | None, datetime]] = [
        (key, by, at) for key, verb, by, at in words if verb == verbs.CONFIRM
    ]
    since: dict[int, datetime] = {}
    before: dict[int, datetime] | None = None
    while before != since:
        before = dict(since)
        for key, by, at in given:
            if by is None or (by not in revoked and by in since and since[by] <= at):
                since[key] = min(at, since.get(key, at))
    return frozenset(since)


def usable_keys_of(person: User) -> list[ApprovalKey]:
    """Return the keys the person can sign with now. Two queries."""
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
    """Return of each lane that has to be signed who has a key for it, by id. Two queries."""
    demanded = lanes_to_sign(needed)
    keys = list(usable()) if demanded else []
    return {lane: frozenset(key.person_id for key in keys_for(lane, keys)) for lane in demanded}


def who_can_sign(
    lane: Lane, people: tuple[User, ...], keyed: Mapping[Lane, frozenset[int]]
) -> tuple[User, ...]:
    """Return who of these people can approve the lane, as `signers` knows them."""
    return tuple(one for one in people if lane not in keyed or one.pk in keyed[lane])


def standing_keys_of(person: User) -> list[ApprovalKey]:
    """Return the person's keys that nobody revoked, confirmed or not. One query."""
    return list(ApprovalKey.objects.filter(~REVOKED, person=person).order_by("asked_at"))
