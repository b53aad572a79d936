"""Kinds of access beyond running workloads: which a namespace grants, and why others not."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from onboarding.models import Revision
from onboarding.plan.access import granted_access
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.model import Plan, load_plan


@dataclass(frozen=True)
class AccessLine:
    """One kind of access in words ("open a shell…"), whether it is granted, and by what.

    `lanes` are those that agree to it, in words.
    """

    words: str
    is_granted: bool
    why: str
    lanes: str


def access_lines_of(revision: Revision | None) -> tuple[AccessLine, ...]:
    """Return the lines of what is in force; none before anything was approved."""
    if revision is None:
        return ()
    return build_access_lines(load_plan(revision.plan), revision.wanted.environment)


def build_access_lines(plan: Plan, environment: str) -> tuple[AccessLine, ...]:
    """Return a line for each kind of access the catalogue knows, granted by the plan or not."""
    catalogue = load_catalogue()
    granted = granted_access(plan, catalogue)
    known = catalogue.environments.get(environment)
    title = known.title if known else environment
    wanted = known.access if known else ()
    return tuple(
        AccessLine(
            words=choice.note,
            is_granted=slug in granted,
            why=_why(title, is_granted=slug in granted, is_wanted=slug in wanted),
            lanes=_(" and ").join(catalogue.templates[choice.template or ""].lanes),
        )
        for slug, choice in catalogue.access.items()
    )


def _why(environment: str, *, is_granted: bool, is_wanted: bool) -> str:
    if is_granted and is_wanted:
        words = _("%(environment)s grants it.")
    elif is_granted:
        words = _("Approved earlier; %(environment)s no longer grants it to new requests.")
    elif is_wanted:
        words = _("Not approved yet: %(environment)s grants it with the next request.")
    else:
        words = _("%(environment)s does not grant it.")
    return words % {"environment": environment}
