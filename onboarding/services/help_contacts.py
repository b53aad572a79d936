"""Set whom people can ask: a platform admin's word, with an event for each topic that changed."""

from collections.abc import Mapping
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.db import transaction

from onboarding.domain.actions import Action
from onboarding.domain.objects import Json
from onboarding.domain.refusals import Forbidden, Invalid
from onboarding.domain.versions import check_version, version_of_tree
from onboarding.models import HelpContact
from onboarding.services import history
from onboarding.services.history import About, By
from onboarding.services.people import lock_administration

_check_url = URLValidator(schemes=["https", "http"])
Contact = tuple[str, str]  # who, address


def version_of_contacts() -> str:
    """Return what a form carries, so that it changes only what its reader saw. One query."""
    return version_of_tree(_known())


def set_help_contacts(
    contacts: Mapping[str, Contact], *, version: str, by: By, now: datetime
) -> int:
    """Store who answers each topic and return how many changed; two empty texts remove one.

    `version` is what was read. Raises Forbidden, SavedMeanwhile, or Invalid for the first topic
    with one text missing or a bad address; then nothing is stored.
    """
    if not by.permissions.is_platform_admin:
        raise Forbidden("Only platform admins say whom people can ask.")
    for topic, contact in contacts.items():
        _check(topic, *contact)
    with transaction.atomic():
        lock_administration()
        known = _known()
        check_version(version, known, "Whom to ask was")
        changed = {
            topic: contact
            for topic, contact in contacts.items()
            if known.get(topic, ["", ""]) != [*contact]
        }
        for topic, contact in changed.items():
            _store(topic, contact, by=by, now=now)
    return len(changed)


def _known() -> dict[str, Json]:
    return {row.topic: [row.who, row.address] for row in HelpContact.objects.all()}


def _check(topic: str, who: str, address: str) -> None:
    if bool(who) != bool(address):
        raise Invalid("Give both a name and an address, or neither.", field=topic)
    if not address:
        return
    check = validate_email if "@" in address else _check_url
    try:
        check(address)
    except ValidationError as wrong:
        raise Invalid(
            "Enter an e-mail address, or a web address that begins with https://.", field=topic
        ) from wrong


def _store(topic: str, contact: Contact, *, by: By, now: datetime) -> None:
    who, address = contact
    if who:
        HelpContact.objects.update_or_create(topic=topic, defaults={"who": who, "address": address})
    else:
        HelpContact.objects.filter(topic=topic).delete()
    label = HelpContact.Topic(topic).label
    history.record(
        Action.ROW_CHANGED,
        actor=by.actor,
        at=now,
        about=About(kind="help", id=topic, label=str(label)),
        body={"who": who, "address": address},
    )
