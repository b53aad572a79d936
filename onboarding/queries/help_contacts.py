"""Reading whom people can ask."""

from django.db.models import QuerySet

from onboarding.models import HelpContact


def contacts_for(*, is_signed_in: bool) -> QuerySet[HelpContact]:
    """Return the contacts by topic; strangers learn only who helps to sign in."""
    rows = HelpContact.objects.order_by("topic")
    return rows if is_signed_in else rows.filter(topic=HelpContact.Topic.ACCOUNT)
