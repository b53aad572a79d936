"""The preview beside the request form: as much of the plan as the answers so far allow.

An unfinished form is no error here: what is missing is said in words, and stand-ins fill the gaps.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from django.http import HttpResponse
from django.utils.text import slugify
from django.utils.translation import gettext as _

from onboarding.domain.refusals import Invalid
from onboarding.domain.spec import NamespaceSpec
from onboarding.forms.namespace_request import PLACEHOLDER_NAME, NamespaceRequestForm
from onboarding.models import Cluster
from onboarding.pages.access_lines import AccessLine, build_access_lines
from onboarding.pages.reach_matrix import Flag, Group, build_groups, flags_of
from onboarding.plan.changes import Effect, ObjectChange
from onboarding.plan.render_yaml import render_documents, render_yaml
from onboarding.queries.connectivity import Connectivity
from onboarding.queries.deciders import StaffedLane, barred_from, nobody_can, staff
from onboarding.queries.holdings import Holdings, UsedBound, below_use, holdings_of
from onboarding.services.preview import NamespaceWish, Preview, preview


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
    not_granted: tuple[AccessLine, ...] = ()
    holdings: Holdings | None = None
    below_use: tuple[UsedBound, ...] = ()
    cluster: Cluster | None = None


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
            missing, (), (), [], [], is_change=False, text="", trouble=str(error),
            cluster=wish.cluster if wish else None,
        )  # fmt: skip
    barred = barred_from(wish.team, wish.spec.environment, authors)
    flags, lanes = flags_of(thought.picture), staff(thought.lanes, barred)
    holdings = holdings_of(wish.namespace)
    return PreviewPage(
        missing=missing,
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
        not_granted=tuple(
            line
            for line in build_access_lines(thought.plan, spec.environment)
            if not line.is_granted
        ),
        holdings=holdings,
        below_use=below_use(thought.plan, holdings),
        cluster=wish.cluster,
    )


def objects_as_file(text: str, name: str) -> HttpResponse:
    """Return the objects as a YAML file to download."""
    response = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = (
        f'attachment; filename="{slugify(name)[:63] or "objects"}.yaml"'
    )
    return response


def _missing(form: NamespaceRequestForm, spec: NamespaceSpec) -> list[str]:
    """Return what is still to be said, and which stand-in the preview uses meanwhile."""
    found = []
    if spec.name == PLACEHOLDER_NAME:
        found.append(_("a name; %(name)s stands for it") % {"name": PLACEHOLDER_NAME})
    if not form.is_bound:
        return found if spec.purpose else [*found, _("the purpose")]
    labels = [
        str(field.label)
        for name, field in form.fields.items()
        if name in form.errors and name != "form_key"
    ]
    if found and "name" in form.errors:
        labels.remove(str(form.fields["name"].label))
    return [*found, *labels]


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
