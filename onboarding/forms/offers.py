"""What a person may choose from on the request form, and what each choice costs in approvals.

Read once per page: teams they lead, registered clusters with their ingress sources, the catalogue.
The radio cards print `(aside, note)` per value: what a choice adds in approvals stands beside it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from onboarding.domain.catalogue import Catalogue, Choice, Size
from onboarding.domain.lanes import Lane
from onboarding.domain.parameters import STRICT
from onboarding.domain.refusals import Invalid
from onboarding.domain.rules import check_cluster, check_team
from onboarding.domain.spec import NamespaceSpec, Opening, Scope
from onboarding.models import Cluster, Request, Team

Choices = list[tuple[str, str]]
Notes = dict[str, tuple[str, str]]

FOR_EVER = "none"


@dataclass(frozen=True)
class Offer:
    """The choices, frozen for one page. `fixed` is what a change may not touch; `editing` the
    draft or returned request on the form, whose own name is no clash.
    """

    teams: tuple[Team, ...]
    clusters: tuple[Cluster, ...]
    catalogue: Catalogue
    now: datetime
    fixed: NamespaceSpec | None = None
    editing: Request | None = None

    def team(self, slug: str) -> Team:
        """Return the team with this slug. Raise Invalid if it is not on offer."""
        teams = {team.slug: team for team in self.teams}
        if violations := check_team(slug, teams):
            raise Invalid.of(violations)
        return teams[slug]

    def cluster(self, name: str) -> Cluster:
        """Return the cluster with this name. Raise Invalid if it is not on offer."""
        clusters = {cluster.name: cluster for cluster in self.clusters}
        if violations := check_cluster(name, clusters):
            raise Invalid.of(violations)
        return clusters[name]

    def sources_of(self, cluster: str) -> frozenset[str]:
        """Return the slugs of a cluster's ingress sources; empty for an unknown cluster."""
        return frozenset(
            source.slug
            for known in self.clusters
            if known.name == cluster
            for source in known.ingress_sources.all()
        )


def titles(choices: Mapping[str, Choice] | Mapping[str, Size]) -> Choices:
    """Return (slug, title) of catalogue entries, in the catalogue's order."""
    return [(slug, entry.title) for slug, entry in choices.items()]


def approval_words(lanes: Iterable[Lane]) -> str:
    """Return what a choice costs: "Network and security approval needed"; "" for nothing more."""
    known = {Lane.PLATFORM: _("platform"), Lane.NETWORK: _("network"), Lane.SECURITY: _("security")}
    names = [known[lane] for lane in Lane if lane in set(lanes)]
    if not names:
        return ""
    words = _("%(approvals)s approval needed") % {"approvals": _(" and ").join(names)}
    return words[:1].upper() + words[1:]


def choice_notes(choices: Mapping[str, Choice], catalogue: Catalogue) -> Notes:
    """Return (cost, description) per choice, counting the lanes of the template it brings."""
    found: Notes = {}
    for slug, choice in choices.items():
        template = catalogue.templates[choice.template].lanes if choice.template else ()
        found[slug] = (approval_words([*choice.lanes, *template]), choice.note)
    return found


def size_notes(catalogue: Catalogue) -> Notes:
    """Return (cost, exact numbers) per size, as Kubernetes writes them."""
    return {
        slug: (approval_words(size.lanes), _numbers(size)) for slug, size in catalogue.sizes.items()
    }


def scope_choices() -> tuple[Choices, Notes]:
    """Return who inside the namespace may talk to whom."""
    return (
        [
            (Scope.PROJECT.value, _("Workloads with the project label reach each other")),
            (Scope.NAMESPACE.value, _("All workloads in the namespace reach each other")),
        ],
        {
            Scope.PROJECT.value: ("", _("Whatever lacks the label stays isolated.")),
            Scope.NAMESPACE.value: ("", ""),
        },
    )


def ingress_choices(offer: Offer) -> tuple[Choices, Notes]:
    """Return nobody, then each ingress source once, with the clusters that have it."""
    lanes = offer.catalogue.templates["allow-ingress"].lanes
    where: dict[str, list[str]] = {}
    for cluster in offer.clusters:
        for source in cluster.ingress_sources.all():
            where.setdefault(source.slug, []).append(cluster.name)
    notes = {
        slug: (approval_words(lanes), _("On %(clusters)s") % {"clusters": ", ".join(names)})
        for slug, names in where.items()
    }
    choices = [(slug, _("The cluster’s web entry (%(slug)s)") % {"slug": slug}) for slug in where]
    return [("", _("Nobody")), *choices], {"": ("", ""), **notes}


def environment_hint(catalogue: Catalogue) -> str:
    """Return what pods must be like where an environment is strict; "" if none is."""
    strict = [one.title for one in catalogue.environments.values() if one.pod_security == STRICT]
    if not strict:
        return ""
    return _(
        "%(environments)s refuses pods that run as root or with further rights; their "
        "securityContext has to say so (Pod Security restricted)."
    ) % {"environments": _(" and ").join(strict)}


def lifetime_choices(catalogue: Catalogue) -> Choices:
    """Return how long a namespace may live; FOR_EVER stands for no end."""
    return [
        (str(days), _("%(days)s days") % {"days": days}) if days else (FOR_EVER, _("No end"))
        for days in catalogue.lifetimes
    ]


def longest_lifetime(openings: Iterable[Opening], catalogue: Catalogue) -> int | None:
    """Return the longest lifetime on offer where an opening must end; None where none must."""
    templates = map(catalogue.template_of, openings)
    bounds = [template.max_days for template in templates if template and template.max_days]
    if not bounds:
        return None
    most = min(bounds)
    return max((days for days in catalogue.lifetimes if days and days <= most), default=None)


def _numbers(size: Size) -> str:
    quota = size.quota
    return _(
        "%(cpu)s CPU cores guaranteed, up to %(cpu_most)s; %(memory)s memory guaranteed, "
        "up to %(memory_most)s; %(pods)s pods; %(storage)s of volumes, %(disk)s on nodes’ disks; "
        "%(services)s services, %(secrets)s secrets"
    ) % {
        "cpu": quota["requests.cpu"],
        "cpu_most": quota["limits.cpu"],
        "memory": quantity_words(quota["requests.memory"]),
        "memory_most": quantity_words(quota["limits.memory"]),
        "pods": quota["pods"],
        "storage": quantity_words(quota["requests.storage"]),
        "disk": quantity_words(quota["limits.ephemeral-storage"]),
        "services": quota["services"],
        "secrets": quota["secrets"],
    }


def quantity_words(quantity: str) -> str:
    """Return an amount as people write it: "4 GiB" for 4Gi."""
    found = re.fullmatch(r"([0-9.]+)([KMGT])i", quantity)
    return f"{found[1]} {found[2]}iB" if found else quantity
