"""The preview beside the request form: as much of the plan as the answers so far allow.

An unfinished form is no error here: what is missing is said in words, and stand-ins fill the gaps.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.http import HttpResponse
from django.utils.text import slugify
from django.utils.translation import gettext as _

from onboarding.domain.lanes import Lane
from onboarding.domain.refusals import Invalid
from onboarding.domain.spec import NamespaceSpec
from onboarding.forms.namespace_request import PLACEHOLDER_NAME, NamespaceRequestForm
from onboarding.models import Cluster
from onboarding.pages.access_lines import AccessLine, build_access_lines
from onboarding.pages.plain_words import plain_words
from onboarding.pages.reach_matrix import Flag, Group, build_groups, flags_of
from onboarding.plan.changes import Effect, ObjectChange
from onboarding.plan.render_yaml import render_documents, render_yaml
from onboarding.queries.connectivity import Connectivity
from onboarding.queries.deciders import StaffedLane, barred_from, nobody_can, staff
from onboarding.queries.holdings import Holdings, UsedBound, below_use, holdings_of
from onboarding.queries.usual_wait import usual_waits
from onboarding.reachability.lint.emptiness import PEER_SELECTS_NOTHING, POLICY_SELECTS_NOTHING
from onboarding.services.preview import NamespaceWish, Preview, preview

_OF_EVERYTHING_NEW = (POLICY_SELECTS_NOTHING, PEER_SELECTS_NOTHING)


@dataclass(frozen=True)
class ShownObject:
    """One tab: the object's YAML, and its lines against what is in force for a change."""

    change: ObjectChange
    number: int
    yaml: str
    lines: list[tuple[str, str]]
    is_chosen: bool

    @property
    def value(self) -> str:
        """Return what names the tab, e.g. `NetworkPolicy/deny-all`."""
        return f"{self.change.key.kind}/{self.change.key.name}"


@dataclass(frozen=True)
class PreviewPage:
    """The fragment's contents.

    `missing` says in words what the form still needs, `nobody` which lane nobody can decide.
    `is_same`: nothing to send. `is_anew`: the answers in force, rendered with today's facts.
    """

    missing: list[str]
    plain: tuple[str, ...]
    sentences: tuple[str, ...]
    lanes: tuple[StaffedLane, ...]
    objects: list[ShownObject]
    moved: list[ObjectChange]
    is_change: bool
    text: str
    trouble: str = ""
    nobody: str = ""
    is_same: bool = False
    is_anew: bool = False
    picture: Connectivity | None = None
    groups: tuple[Group, ...] = ()
    flags: tuple[Flag, ...] = ()
    access: tuple[AccessLine, ...] = ()
    holdings: Holdings | None = None
    below_use: tuple[UsedBound, ...] = ()
    cluster: Cluster | None = None
    waits: Mapping[Lane, timedelta | None] = field(default_factory=dict)


def build_preview(
    form: NamespaceRequestForm,
    wish_of: Callable[[NamespaceSpec], NamespaceWish],
    authors: Collection[int],
    *,
    shown: str = "",
) -> PreviewPage:
    """Return the preview of the answers that stand. A bound form must have been validated.

    `authors` are the people the request would come from: they decide no lane of it.
    """
    spec = form.likely_spec()
    missing = _missing(form, spec)
    wish = None
    try:
        wish = wish_of(spec)
        thought = preview(wish)
    except Invalid as error:
        return PreviewPage(
            missing, (), (), (), [], [], is_change=False, text="", trouble=str(error),
            cluster=wish.cluster if wish else None,
        )  # fmt: skip
    barred = barred_from(wish.team, wish.spec.environment, authors)
    flags, lanes = _telling(thought), staff(thought.lanes, barred)
    holdings = holdings_of(wish.namespace)
    return PreviewPage(
        missing=missing,
        plain=plain_words(spec),
        sentences=thought.sentences,
        lanes=lanes,
        nobody=nobody_can(lanes, barred),
        objects=_objects(thought, shown),
        moved=[change for change in thought.changes if change.effect is not Effect.UNCHANGED],
        is_change=thought.before is not None,
        is_same=thought.is_nothing_new(wish.spec),
        is_anew=wish.spec == thought.spec_before and not thought.is_nothing_new(wish.spec),
        text=render_documents(thought.plan.manifests()),
        picture=thought.picture,
        groups=build_groups(thought.picture.neighbourhood, flags),
        flags=flags,
        access=build_access_lines(thought.plan, spec.environment),
        holdings=holdings,
        below_use=below_use(thought.plan, holdings),
        cluster=wish.cluster,
        waits=usual_waits(),
    )


def _telling(thought: Preview) -> tuple[Flag, ...]:
    """Return the findings, but for what is so of everything that is new: no pod is there yet."""
    flags = flags_of(thought.picture)
    if thought.before:
        return flags
    return tuple(flag for flag in flags if flag.finding.code not in _OF_EVERYTHING_NEW)


def objects_as_file(text: str, name: str) -> HttpResponse:
    """Return the objects as a YAML file to download."""
    response = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = (
        f'attachment; filename="{slugify(name)[:63] or "objects"}.yaml"'
    )
    return response


def _missing(form: NamespaceRequestForm, spec: NamespaceSpec) -> list[str]:
    """Return what is still to be said, and which stand-in the preview uses meanwhile."""
    stand_in = _("a name (shown as %(name)s until then)") % {"name": PLACEHOLDER_NAME}
    found = [stand_in] if spec.name == PLACEHOLDER_NAME else []
    if not form.is_bound:
        return found if spec.purpose else [*found, _("the purpose")]
    labels = [
        _still_needed(form, name)
        for name in form.fields
        if name in form.errors and name != "form_key"
    ]
    if found and "name" in form.errors:
        labels.remove(_still_needed(form, "name"))
    return [*found, *labels]


def _still_needed(form: NamespaceRequestForm, name: str) -> str:
    """Return a field's label; where it was filled in, that this will not do."""
    label = str(form.fields[name].label)
    if not form.data.get(name):
        return label
    return _("%(label)s (what was typed cannot be used)") % {"label": label}


def _objects(thought: Preview, shown: str) -> list[ShownObject]:
    changes = thought.changes
    names = [f"{change.key.kind}/{change.key.name}" for change in changes]
    chosen = names.index(shown) if shown in names else 0
    return [
        ShownObject(
            change=change,
            number=number + 1,
            yaml=render_yaml(change.planned.manifest),
            lines=_lines(change) if thought.before else [],
            is_chosen=number == chosen,
        )
        for number, change in enumerate(changes)
    ]


def _lines(change: ObjectChange) -> list[tuple[str, str]]:
    if change.effect is Effect.UNCHANGED:
        return []
    return [(tag or "same", text) for tag, text in change.lines()]
