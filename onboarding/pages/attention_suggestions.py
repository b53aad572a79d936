"""What members suggest to a lead, as lines of Home: one for each suggestion that waits."""

from django.utils.translation import gettext as _

from onboarding.pages.attention_item import Item, Reader
from onboarding.pages.suggestions import suggestion_url
from onboarding.queries.suggestions import open_suggestions


def suggested_changes(reader: Reader) -> list[Item]:
    """Return what waits for the reader as a lead, the oldest first. One query for leads."""
    if not reader.permissions.leads:
        return []
    words = _("%(person)s suggests a change of %(name)s")
    return [
        Item(
            tone="plain",
            icon="chat",
            text=words % {"person": one.person.label, "name": one.namespace.name},
            url=suggestion_url(one),
            rest=one.note or one.about,
            at=one.made_at,
        )
        for one in open_suggestions(reader.permissions)
    ]
