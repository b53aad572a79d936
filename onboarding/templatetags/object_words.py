"""`{% load object_words %}`: what an object of a plan is for, in words for people.

A plan keeps the words of its template as they were when it was approved. Where those were meant for
whoever writes templates, pages say these instead; what is stored, and what a digest is of, stays.
"""

from collections.abc import Mapping

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from onboarding.domain.objects import branch
from onboarding.plan.model import PlannedObject

register = template.Library()

# By slug, whatever the version: the words tell what a template is for, not how. `pods` are those it
# selects.
WORDS: Mapping[str, str | Promise] = {
    "namespace": _("The namespace itself, with its labels"),
    "allow-internal-ingress": _("%(pods)s accept connections from each other"),
    "allow-internal-egress": _("%(pods)s may connect to each other"),
    "egress-internet": _("%(pods)s may open HTTPS connections to the internet"),
    "egress-open": _("%(pods)s may connect to any address on any port"),
}
_SOME, _ALL = _("Pods with the project label"), _("All pods of the namespace")


@register.filter
def why_words(planned: PlannedObject) -> str:
    """Return what the object is for; of a template without words here what it said itself."""
    words = WORDS.get(planned.template.partition("@")[0], "")
    pods = _SOME if branch(planned.manifest, "spec", "podSelector") else _ALL
    return str(words) % {"pods": pods} if words else planned.why
