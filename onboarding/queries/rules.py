"""Everything that stands against a spec: the pure rules, and the name as the database knows it.

The one judgement behind every door: the request form shows these violations and services refuse
them, in the same words.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from onboarding.domain.refusals import Violation
from onboarding.domain.rules import check_shape, check_spec
from onboarding.domain.spec import NamespaceSpec, RequestKind
from onboarding.models import Cluster, Request
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.queries.names import check_name


def shape_violations(
    spec: NamespaceSpec, *, teams: Collection[str], clusters: Sequence[Cluster]
) -> tuple[Violation, ...]:
    """Return what keeps a spec from being rendered: all that a draft is judged by."""
    facts = {cluster.name: cluster.known_facts() for cluster in clusters}
    return check_shape(spec, load_catalogue(), teams=teams, clusters=facts)


def violations_of(
    spec: NamespaceSpec,
    kind: RequestKind,
    *,
    teams: Collection[str],
    clusters: Sequence[Cluster],
    now: datetime,
    except_request: Request | None = None,
) -> tuple[Violation, ...]:
    """Return what keeps a new or changed namespace from being asked for; () if nothing does.

    `teams` and `clusters` are those the person may ask for; `except_request` is the row being
    edited, whose own name is no clash.
    """
    facts = {cluster.name: cluster.known_facts() for cluster in clusters}
    found = check_spec(spec, load_catalogue(), teams=teams, clusters=facts)
    if kind is not RequestKind.ONBOARD or any(one.field in {"name", "cluster"} for one in found):
        return found
    [cluster] = [cluster for cluster in clusters if cluster.name == spec.cluster]
    check = check_name(cluster, spec.name, now=now, team=spec.team, except_request=except_request)
    variant = f" {check.variant} is free." if check.variant else ""
    return (*found, *(Violation("name", f"{words}{variant}") for words in check.problems))
