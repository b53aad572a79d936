"""`{% load object_words %}`: what an object of a plan is for, in words for people.

A plan keeps the words of its template as they were when it was approved. Where those were meant for
whoever writes templates, pages say these instead; what is stored, and what a digest is of, stays.
"""

from collections.abc import Mapping

from django import template
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from onboarding.domain.catalogue import Template
from onboarding.domain.objects import branch
from onboarding.plan.catalogue_files import load_catalogue
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
_BY_SCOPE = _("Pods that belong together")  # which of both is chosen for each namespace


@register.filter
def why_words(planned: PlannedObject) -> str:
    """Return what the object is for; of a template without words here what it said itself."""
    words = WORDS.get(planned.template.partition("@")[0], "")
    pods = _SOME if branch(planned.manifest, "spec", "podSelector") else _ALL
    return str(words) % {"pods": pods} if words else planned.why


@register.filter
def purpose_words(wanted: Template) -> str:
    """Return what a template is for, of whichever namespace."""
    words = WORDS.get(wanted.slug, "")
    return str(words) % {"pods": _BY_SCOPE} if words else wanted.why


@register.simple_tag
def template_link(ref: str) -> SafeString:
    """Return a template version, e.g. `allow-dns@1`; as a link where the catalogue has it.

    What was approved with an earlier one keeps its name, and there is no page of that.
    """
    slug, _at, version = ref.partition("@")
    known = load_catalogue().templates.get(slug)
    if known is None or known.ref != ref:
        return format_html("<code>{}</code>", ref)
    url = reverse("template-detail", args=[slug, version])
    return format_html('<a href="{}"><code>{}</code></a>', url, ref)
