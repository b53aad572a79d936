"""What a request's own page says and a line in a list does not: such a request is decided there.

Who approves several at once is shown one sentence on each, off its answers. Only what that sentence
says whole may be approved so. The first words that stand against it are returned, "" where none do.
A test walks the templates of the page: what warns there has its member in `Untold`.
"""

from collections.abc import Iterator
from enum import StrEnum

from onboarding.domain.objects import items
from onboarding.domain.risk import Risk
from onboarding.domain.spec import NamespaceSpec, RequestKind
from onboarding.models import Request
from onboarding.plan.access import granted_access
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.model import load_plan
from onboarding.plan.pod_security import pod_security_of
from onboarding.plan.refresh import groups_of
from onboarding.queries.circumstances import Circumstances
from onboarding.queries.clusters import Freshness, look_at
from onboarding.queries.rendering import request_today
from onboarding.queries.request_picture import newest_found
from onboarding.reachability.shown import Shown


class Untold(StrEnum):
    """What only the page says, each as the rest of a sentence."""

    REMOVAL = "all that is in the namespace would go."
    ADOPTION = "it takes over what was found on the cluster."
    REMOVES = "it removes objects of others."
    REFRESH = "it is a part of a refresh."
    DISCUSSED = "people wrote about it."
    ABANDONED = "nobody stands behind it any more."
    CONDITION = "cluster {cluster} cannot be used now."
    NEVER_SEEN = "nobody has looked at cluster {cluster} yet."
    LOOK_FAILED = "the last look at cluster {cluster} failed."
    OLD_LOOK = "nobody has looked at cluster {cluster} lately."
    UNTRUE = "what is stored of the namespace does not check out as approved."
    STALE = "the namespace changed after the request was made."
    FOUND = "something else was found on the cluster."
    OUTDATED = "today's facts change more in it than its answers."
    PATHS = "paths may move that its answers do not tell."
    RIGHTS = "what people may do there, or what pods must be like, changes."
    RESEMBLES = "the name looks much like {other}, which exists."
    NAME_SEEN = "a namespace named {name} was seen on {cluster}."
    UNAPPROVED = "objects that no approved plan contains stand in the namespace."
    BELOW_USE = "{resource} would be below what is used."
    RISK = "it is of {risk} risk by now."
    FINDINGS = "it has findings: {title}."
    INCOMPLETE = "not all that opens paths there is known."
    OTHERS = "paths of {names} would move."
    DIFFERENT_TODAY = "today's facts would render it differently."


_UNSEEN = {
    Freshness.UNSEEN: Untold.NEVER_SEEN,
    Freshness.FAILED: Untold.LOOK_FAILED,
    Freshness.OLD: Untold.OLD_LOOK,
}


def untold_by_list(row: Request, known: Circumstances) -> str:
    """Return what a sentence on the request leaves out. No query."""
    found = (_by_kind, _by_place, _by_reach, _by_names, _by_contents, _by_look)
    return next((words for find in found for words in find(row, known)), "")


def untold_by_picture(row: Request, known: Circumstances, shown: Shown) -> str:
    """Return what its page warns of by now, `shown` being its picture. One query at most."""
    return next(_by_picture(row, known, shown), "") or next(_by_today(row), "")


def rights_given(row: Request, known: Circumstances) -> tuple[str, ...]:
    """Return what the team may do by it beyond running workloads, and could not before."""
    catalogue = load_catalogue()
    held = granted_access(load_plan(known.before.plan), catalogue) if known.before else {}
    given = granted_access(load_plan(row.plan), catalogue)
    return tuple(catalogue.access[slug].note for slug in given if slug not in held)


def _by_kind(row: Request, known: Circumstances) -> Iterator[str]:
    if row.kind == RequestKind.RETIRE.value:
        yield Untold.REMOVAL
    if row.kind == RequestKind.ADOPT.value:
        yield Untold.ADOPTION
    if items(row.plan, "removes"):
        yield Untold.REMOVES
    if row.refresh_id:
        yield Untold.REFRESH
    if known.is_discussed:
        yield Untold.DISCUSSED
    if known.is_abandoned:
        yield Untold.ABANDONED


def _by_place(row: Request, _known: Circumstances) -> Iterator[str]:
    """Yield what the page warns of where the request would be applied."""
    namespace, condition = row.namespace, row.cluster.condition
    if condition and condition != "ok":
        yield Untold.CONDITION.format(cluster=row.cluster.name)
    if namespace and not namespace.checks_out:
        yield Untold.UNTRUE
    if namespace and namespace.generation != row.base_generation:
        yield Untold.STALE
    if newest_found(row):
        yield Untold.FOUND


def _by_look(row: Request, known: Circumstances) -> Iterator[str]:
    """Yield why what opens could not be judged on the cluster as it is."""
    if known.sight:
        yield _UNSEEN[known.sight].format(cluster=row.cluster.name)
    look = look_at(row.cluster)
    if look and look.foreign_kinds:
        yield Untold.INCOMPLETE


def _by_reach(row: Request, known: Circumstances) -> Iterator[str]:
    """Yield nothing where the answers say all that changes and every path that moves."""
    if row.kind == RequestKind.ONBOARD.value:
        return
    if row.namespace and row.namespace.outdated:
        yield Untold.OUTDATED
    if _moves_rights(row, known):
        yield Untold.RIGHTS
    before = known.spec_before
    by_answers = before is not None and _reach_of(before) != _reach_of(row.wanted)
    if row.moves_reach is not False and not (row.moves_reach and by_answers):
        yield Untold.PATHS


def _moves_rights(row: Request, known: Circumstances) -> bool:
    """Tell whether a change touches who may do what, or what pods must be like."""
    if known.before is None:
        return True
    before, after = load_plan(known.before.plan), load_plan(row.plan)
    return (
        groups_of(before) != groups_of(after)
        or granted_access(before, load_catalogue()) != granted_access(after, load_catalogue())
        or pod_security_of(before) != pod_security_of(after)
    )


def _reach_of(spec: NamespaceSpec) -> tuple[object, ...]:
    return spec.openings, spec.scope


def _by_names(row: Request, known: Circumstances) -> Iterator[str]:
    """Yield what the page warns of the name of a new namespace."""
    if known.resembled:
        yield Untold.RESEMBLES.format(other=known.resembled)
    if known.is_name_seen:
        yield Untold.NAME_SEEN.format(name=row.name, cluster=row.cluster.name)


def _by_contents(_row: Request, known: Circumstances) -> Iterator[str]:
    if known.has_unapproved:
        yield Untold.UNAPPROVED
    if known.below_use:
        yield Untold.BELOW_USE.format(resource=known.below_use)


def _by_picture(row: Request, known: Circumstances, shown: Shown) -> Iterator[str]:
    if shown.risk is not Risk.LOW:
        yield Untold.RISK.format(risk=shown.risk.value)
    if found := [one for one in shown.findings if one.is_new or shown.is_new]:
        yield Untold.FINDINGS.format(title=found[0].finding.code.title)
    if shown.foreign:
        yield Untold.INCOMPLETE
    if others := sorted({*shown.gaining, *shown.losing} - _named_by_answers(row, known)):
        yield Untold.OTHERS.format(names=", ".join(others[:3]))


def _named_by_answers(row: Request, known: Circumstances) -> set[str]:
    """Return the namespaces whose paths the sentence on the request names."""
    sources = row.cluster.known_facts().ingress
    asked = (one for spec in (row.wanted, known.spec_before) if spec for one in spec.openings)
    named = {str(one.values.get("source", "")) for one in asked}
    return {source.namespace for slug, source in sources.items() if slug in named}


def _by_today(row: Request) -> Iterator[str]:
    again = request_today(row)
    if again and again.differs:
        yield Untold.DIFFERENT_TODAY
