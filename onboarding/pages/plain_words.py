"""What a namespace would be, in the words of the person who asks: no selector, no policy.

Read off the answers, for the preview; the exact sentences stand below them and are read off the
policies themselves.
"""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onboarding.domain.names import FOR_PRODUCTION, stage_said_by
from onboarding.domain.spec import Exposure, NamespaceSpec, Scope
from onboarding.plan.catalogue_files import load_catalogue

PRODUCTION = "production"
OPEN = "open"


def plain_words(spec: NamespaceSpec) -> tuple[str, ...]:
    """Return who calls it, what it calls, who talks inside, and when it ends."""
    return tuple(_sentences(spec))


def name_remark(name: str, environment: str) -> str:
    """Return that a name says another environment than was chosen; "" where it does not."""
    said = stage_said_by(name)
    chosen = load_catalogue().environments.get(environment)
    if not said or chosen is None or (said in FOR_PRODUCTION) == (environment == PRODUCTION):
        return ""
    words = {"said": said, "environment": chosen.title}
    return _("The name says %(said)s, the environment says %(environment)s. Is that meant?") % words


def _sentences(spec: NamespaceSpec) -> Iterator[str]:
    yield _who_calls(spec.exposure)
    yield _what_it_calls(spec.egress)
    if spec.scope == Scope.PROJECT:
        label = f"project={spec.project}"
        yield _("Inside, workloads with the label %(label)s reach each other.") % {"label": label}
    else:
        yield _("Inside, all workloads reach each other.")
    yield (
        _("Nobody else gets in.")
        if spec.egress == OPEN
        else _("Everything else is blocked, in and out.")
    )
    if spec.lifetime_days:
        words = ngettext(
            "It is meant to end %(days)d day after its approval.",
            "It is meant to end %(days)d days after its approval.",
            spec.lifetime_days,
        )
        yield words % {"days": spec.lifetime_days}
    else:
        yield _("It has no end.")


def _who_calls(exposure: Exposure | None) -> str:
    if exposure is None:
        return _("Nobody outside can call it.")
    words = _("The cluster’s web entry (%(source)s) can call %(component)s on TCP %(ports)s.")
    return words % {
        "source": exposure.source,
        "component": exposure.component,
        "ports": ", ".join(map(str, exposure.ports)),
    }


def _what_it_calls(egress: str) -> str:
    choice = load_catalogue().egress.get(egress)
    if choice is None or choice.template is None:
        return _("It calls nothing outside; it can only look names up (DNS).")
    words = _("It can call outside (%(what)s): %(note)s")
    return words % {"what": choice.title, "note": choice.note}
