"""What a revision says, in sentences: paths it opens and closes, its size, its people, the rest.

Paths come from the engine (`reachability/steps.py`), never from the answers of the form. An object
that differs and of whose kind no sentence tells is named. They are of what was approved, and are
recorded before a worker has done any of it: none says that something is done.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.domain.objects import branch
from onboarding.domain.spec import NamespaceSpec
from onboarding.models import Revision
from onboarding.plan.access import access_sentences
from onboarding.plan.baseline import is_baseline
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.changes import Effect, ObjectChange, plan_changes
from onboarding.plan.model import Plan, load_plan
from onboarding.plan.refresh import groups_of
from onboarding.queries.connectivity import policies_of
from onboarding.queries.party_words import party_text
from onboarding.queries.port_words import ports_text
from onboarding.reachability.model import Certainty
from onboarding.reachability.neighbourhood import OpenPorts, Party, PartyKind, Way
from onboarding.reachability.steps import ELSEWHERE, ApprovedState, Lasting, Move, steps

_FIELDS: Mapping[str, str | Promise] = {
    "size": gettext_lazy("Size"),
    "environment": gettext_lazy("Environment"),
    "data_class": gettext_lazy("Data class"),
    "lifetime_days": gettext_lazy("Lifetime"),
    "project": gettext_lazy("Project label"),
    "purpose": gettext_lazy("Purpose"),
}

MOST_RECORDED = 40
# What comes from outside is what people look for.
_ORDER = {Way.INWARD: 0, Way.OUTWARD: 1, Way.INSIDE: 2}


@dataclass(frozen=True)
class Told:
    """One thing that a revision says. `opens` is None of what is no path; see Move for `lasting`.

    `is_baseline` tells that it is a path which every namespace gets.
    """

    words: str
    opens: bool | None = None
    lasting: Lasting | None = None
    is_baseline: bool = False

    @property
    def still(self) -> str:
        """Return whether what it opens stands in the newest revision, "" of all else."""
        words = {
            Lasting.WHOLE: _("In the newest revision too"),
            Lasting.PART: _("In part in the newest revision too"),
            Lasting.NOT: _("A later revision closes it again"),
        }
        return words[self.lasting] if self.lasting else ""


@dataclass(frozen=True)
class ApprovedStep:
    """A revision as it is compared with the next: what was asked for, and what it rendered to."""

    spec: NamespaceSpec
    plan: Plan


def told_of(before: ApprovedStep | None, after: ApprovedStep, moves: Iterable[Move]) -> list[Told]:
    """Return what a revision says: paths, what else, and last the paths every namespace gets.

    Never empty, nor of the last alone.
    """
    is_there = before is not None and before.plan.wants_namespace
    if not after.plan.wants_namespace:
        return [Told(_("Ends the namespace: its access, its policies, and what runs in it"))]
    ordered = sorted(moves, key=lambda move: (_ORDER[move.way], not move.opens, -len(move.peers)))
    paths = [Told(move_words(move), move.opens, move.lasting, move.is_baseline) for move in ordered]
    usual = [one for one in paths if one.is_baseline]
    told = [one for one in paths if not one.is_baseline]
    if not is_there:
        told = [Told(_begins(after.spec)), *told]
    elif before:
        told += [Told(words) for words in _changes(before, after, has_moves=bool(paths))]
    told += [Told(words) for words in _removals(after.plan)]
    if not told:
        told = [Told(_only_usual() if usual else _("Changes nothing: the same was approved again"))]
    return [*told, *usual]


def _only_usual() -> str:
    return _("Opens or closes nothing but paths that every namespace gets")


def approved_of(row: Revision) -> ApprovedStep:
    """Return a revision as its words are made from."""
    return ApprovedStep(row.wanted, load_plan(row.plan))


def state_of(plan: Plan) -> ApprovedState | None:
    """Return what decides the paths of a plan; None where it wants no namespace."""
    if not plan.wants_namespace:
        return None
    homes = (one.manifest for one in plan.objects if one.key.kind == "Namespace")
    labels = {
        key: str(value)
        for home in homes
        for key, value in branch(home, "metadata", "labels").items()
    }
    return ApprovedState(labels, policies_of(plan))


def moves_of(name: str, known: Iterable[ApprovedStep]) -> tuple[tuple[Move, ...], ...]:
    """Return the paths that each of these, one after the other, opens or closes."""
    return steps(name, [state_of(one.plan) for one in known], is_baseline=is_baseline).moves


def effect_of(name: str, before: ApprovedStep | None, after: ApprovedStep) -> list[str]:
    """Return what a revision says beyond the baseline, in sentences as they are recorded."""
    known = [before, after] if before else [after]
    told = [one.words for one in told_of(before, after, moves_of(name, known)[-1])
            if not one.is_baseline]  # fmt: skip
    more = len(told) - MOST_RECORDED
    return [
        *told[:MOST_RECORDED],
        *([_("and %(count)d more") % {"count": more}] if more > 0 else []),
    ]


def move_words(move: Move) -> str:
    """Return e.g. "Opens TCP 8080 from ingress-nginx (app=nginx) to app=web"."""
    ports = ports_text(OpenPorts(move.ports, (), Certainty.CERTAIN))
    ours, others = _end(move.ours), _ends(move)
    if move.way is Way.INSIDE and move.peer_members == move.ours.members:
        words = {True: _("Opens %(ports)s among %(ours)s"),
                 False: _("Closes %(ports)s among %(ours)s")}  # fmt: skip
        return words[move.opens] % {"ports": ports, "ours": ours}
    source, target = (others, ours) if move.way is Way.INWARD else (ours, others)
    words = {True: _("Opens %(ports)s from %(source)s to %(target)s"),
             False: _("Closes %(ports)s from %(source)s to %(target)s")}  # fmt: skip
    return words[move.opens] % {"ports": ports, "source": source, "target": target}


def _ends(move: Move) -> str:
    if move.is_everybody:
        return _("everywhere outside")
    return ", ".join(dict.fromkeys(_end(peer) for peer in move.peers))


def _end(party: Party) -> str:
    """Return one end: a name, with the labels of the pods that are meant if not all are."""
    if party.kind is PartyKind.NAMESPACE:
        name, labels = party.namespaces[0], _labels(party)
        if name == ELSEWHERE:
            name = _("any other namespace")
        if party.is_whole:
            return name
        return f"{name} ({labels})" if labels else _("%(name)s (other pods)") % {"name": name}
    if party.kind is PartyKind.HERE and party.labels:
        return _labels(party)
    return party_text(party, inside=True)


def _labels(party: Party) -> str:
    return ", ".join(f"{key}={value}" for key, value in party.labels)


def _begins(spec: NamespaceSpec) -> str:
    catalogue = load_catalogue()
    said = {
        "size": catalogue.sizes[spec.size].title if spec.size in catalogue.sizes else spec.size,
        "environment": spec.environment,
        "data": spec.data_class,
    }
    return _("New namespace: size %(size)s, %(environment)s, %(data)s data") % said


def _changes(before: ApprovedStep, after: ApprovedStep, *, has_moves: bool) -> Iterator[str]:
    """Yield what changed besides paths."""
    for name, label in _FIELDS.items():
        was, is_now = getattr(before.spec, name), getattr(after.spec, name)
        if was != is_now:
            values = {"field": label, "before": _value(name, was), "after": _value(name, is_now)}
            words = _("%(field)s %(before)s → %(after)s")
            yield _("Another purpose") if name == "purpose" else words % values
    yield from _access(before.plan, after.plan)
    untold = [change for change in _moved(before.plan, after.plan)
              if not _is_told(change, before, after, has_moves=has_moves)]  # fmt: skip
    if untold:
        named = ", ".join(_named(change) for change in untold)
        words = _("Rendered differently: %(objects)s")
        yield words % {"objects": named}


def _value(name: str, value: object) -> str:
    sizes = load_catalogue().sizes
    if name == "size" and str(value) in sizes:
        return sizes[str(value)].title
    if name == "lifetime_days":
        return _("%(days)s days") % {"days": value} if value else _("no end")
    return str(value)


def _access(before: Plan, after: Plan) -> Iterator[str]:
    """Yield which groups get in or lose access, and what else they may do or no longer."""
    old, new = groups_of(before), groups_of(after)
    yield from (_("Group %(group)s gets in") % {"group": one} for one in new if one not in old)
    yield from (_("Group %(group)s loses access") % {"group": one} for one in old if one not in new)
    catalogue = load_catalogue()
    had, has = ([*access_sentences(plan, catalogue)] for plan in (before, after))
    yield from (one for one in has if one not in had)
    lost = _("No longer: %(what)s")
    yield from (lost % {"what": one} for one in had if one not in has)


def _moved(before: Plan, after: Plan) -> list[ObjectChange]:
    changes = plan_changes(before, after)
    return [change for change in changes if change.effect is not Effect.UNCHANGED]


def _is_told(
    change: ObjectChange, before: ApprovedStep, after: ApprovedStep, *, has_moves: bool
) -> bool:
    """Tell whether another sentence stands for an object that differs."""
    kind = change.key.kind
    if kind == "NetworkPolicy":
        return has_moves
    if kind in {"ResourceQuota", "LimitRange"}:
        return before.spec.size != after.spec.size
    if kind == "RoleBinding":
        return [*_access(before.plan, after.plan)] != []
    return kind == "Namespace" and before.spec != after.spec


def _named(change: ObjectChange) -> str:
    old = change.before.template if change.before else ""
    new = change.after.template if change.after else ""
    templates = f" ({old} → {new})" if old and new and old != new else ""
    return f"{change.key.kind} {change.key.name}{templates}"


def _removals(plan: Plan) -> Iterator[str]:
    for one in plan.removes:
        yield _("Removes %(object)s, which no plan contained") % {
            "object": f"{one.kind} {one.name}"
        }
