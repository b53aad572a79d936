"""Rendering with the facts of today: the one place where team, cluster and catalogue meet a spec.

Used by the preview, by the decision, and to notice that what is in force is outdated.
"""

from dataclasses import dataclass, replace

from onboarding.domain.refusals import Invalid
from onboarding.domain.spec import NamespaceSpec, RequestKind, UnknownSpec
from onboarding.models import Cluster, ManagedNamespace, Request, Revision, Team
from onboarding.plan.build import Ingredients, build_plan
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.plan.fill import BadParameter
from onboarding.plan.model import Plan, load_plan
from onboarding.queries.rules import shape_violations


@dataclass(frozen=True)
class Rerendered:
    """A plan as it was approved or sent, and as the same answers would be rendered today.

    `today` is None where they cannot be rendered any more; `trouble` says why in words.
    """

    stored: Plan
    today: Plan | None
    trouble: str = ""

    @property
    def differs(self) -> bool:
        """Tell whether the same answers give something else today."""
        return self.today is None or self.today.digest != self.stored.digest


def ingredients_of(team: Team, cluster: Cluster) -> Ingredients:
    """Return what a plan is made from besides its spec, as it is now. One query."""
    return Ingredients(
        catalogue=load_catalogue(), facts=cluster.known_facts(), access_group=team.access_group
    )


def render(spec: NamespaceSpec, *, team: Team, cluster: Cluster) -> Plan:
    """Return the plan of a spec. Raise Invalid with everything that cannot be rendered."""
    try:
        return build_plan(spec, ingredients_of(team, cluster))
    except (BadParameter, KeyError) as error:
        if violations := shape_violations(spec, teams={team.slug}, clusters=[cluster]):
            raise Invalid.of(violations) from error
        if isinstance(error, KeyError):
            raise  # a bug of ours, not somebody's answer
        raise Invalid(  # what is left is the platform's: facts, or the team's group
            f"No plan can be made with what is set for cluster {cluster.name} and team "
            f"{team.slug}: {error} Ask a platform admin to correct it."
        ) from error


def rerendered(row: Revision | Request, *, team: Team, cluster: Cluster) -> Rerendered:
    """Return a stored plan beside what its spec would be rendered to now. One query."""
    stored = load_plan(row.plan)
    try:
        wanted = load_catalogue().by_today(row.wanted)
        today = render(wanted, team=team, cluster=cluster)
    except (Invalid, UnknownSpec) as error:
        return Rerendered(stored, None, str(error))
    # What is taken away once is no part of what the answers render to.
    return Rerendered(stored, replace(today, removes=stored.removes))


def request_today(request: Request) -> Rerendered | None:
    """Return the request as sent and as it would be rendered now; None for a removal."""
    if request.kind == RequestKind.RETIRE.value:
        return None
    return rerendered(request, team=request.team, cluster=request.cluster)


def namespace_today(namespace: ManagedNamespace) -> Rerendered | None:
    """Return what is in force and how it would be rendered now; None where nothing shall be."""
    revision = namespace.revisions.filter(number=namespace.generation).first()
    if revision is None or revision.ends_namespace:
        return None
    return rerendered(revision, team=namespace.team, cluster=namespace.cluster)
