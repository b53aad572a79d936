"""Try what the admission policies must refuse, as dry runs: nothing is ever stored.

The table is data. Each attempt names the policy and the words of the line in it that refuse it, so
that an attempt which fails for another reason, or is refused by another line, proves nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from onboarding.cluster.errors import ClusterError
from onboarding.cluster.team_probes import TEAM_PROBES
from onboarding.cluster.verbs import ClusterGateway
from onboarding.domain.objects import Json, Manifest, branch, text

LONGEST_TOKEN = 86400
_EXTENDED_SECONDS = 3607  # the API server makes a year of it where the token is for a pod
_NO_ANSWER = frozenset({401, 429})
_NAME = "bulkhead-admission-probe"
_MANAGED = "bulkhead.dev/managed"
_ENFORCE = "pod-security.kubernetes.io/enforce"
_RBAC = "rbac.authorization.k8s.io"
_MISSING_NAMESPACE = "no namespace is managed yet"
_NOWHERE = ""
ACCEPTED = "accepted"
MOST_PLACES = 10


@dataclass(frozen=True)
class Attempt:
    """Something that must be refused. `act` gets a gateway and the name of a managed namespace.

    `is_inside` tells that it can only be tried in a managed namespace that exists.
    """

    what: str
    policy: str
    words: str
    act: Callable[[ClusterGateway, str], object]
    is_inside: bool = False


@dataclass(frozen=True)
class RefusalCheck:
    """What came of one attempt: `problem` says why it is wrong, `untried` why it was not made."""

    attempt: Attempt
    problem: str = ""
    untried: str = ""

    @property
    def is_wrong(self) -> bool:
        return bool(self.problem)

    def __str__(self) -> str:
        line = f"refused  {self.attempt.what} ({self.attempt.policy})"
        if self.untried:
            return f"later  {line} - {self.untried}"
        return f"WRONG  {line} - {self.problem}" if self.problem else f"ok     {line}"


def check_refusals(
    gateway: ClusterGateway, attempts: Sequence[Attempt], *, namespaces: Sequence[str]
) -> Iterator[RefusalCheck]:
    """Try each attempt. `namespaces` are managed ones; without one, what needs one is not tried."""
    for attempt in attempts:
        if attempt.is_inside and not namespaces:
            yield RefusalCheck(attempt, untried=_MISSING_NAMESPACE)
        else:
            yield RefusalCheck(attempt, problem=problem_of(gateway, attempt, namespaces=namespaces))


def problem_of(gateway: ClusterGateway, attempt: Attempt, *, namespaces: Sequence[str]) -> str:
    """Return "" if the attempt was refused by its line of its policy, else what came instead.

    What is tried inside is tried in one of the managed `namespaces`, and in the next, MOST_PLACES
    at most, where that one refuses for a reason of its own: a limit that somebody set there, or
    that it is going. Raise any ClusterError that is no answer to the attempt, and ValueError
    without a place to try it in.
    """
    places = [*namespaces][:MOST_PLACES] if attempt.is_inside else [_NOWHERE]
    if not places:
        raise ValueError(f"no namespace to {attempt.what} in")
    problem = ""
    for place in places:
        problem = _problem_in(place, gateway, attempt)
        if problem in ("", ACCEPTED):
            break
    return problem


def _problem_in(place: str, gateway: ClusterGateway, attempt: Attempt) -> str:
    try:
        attempt.act(gateway, place)
    except ClusterError as error:
        if error.status is None or error.status >= 500 or error.status in _NO_ANSWER:
            raise
        # What a gateway calls it depends on rights; admission's own words do not.
        said = str(error)
        by_it = f"ValidatingAdmissionPolicy '{attempt.policy}'" in said and attempt.words in said
        return "" if by_it else f"refused by something else: {said}"
    return ACCEPTED


def managed_namespaces(gateway: ClusterGateway) -> list[str]:
    """Return the names of the managed namespaces that are not being deleted."""
    return [
        text(namespace, "metadata", "name")
        for namespace in gateway.list("Namespace")
        if branch(namespace, "metadata", "labels").get(_MANAGED) == "true"
        and not text(namespace, "metadata", "deletionTimestamp")
    ]


def _namespace(name: str = _NAME, **labels: str) -> Manifest:
    there: dict[str, Json] = {}
    there.update(labels)
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": there}}


def _managed(name: str = _NAME, **labels: str) -> Manifest:
    return _namespace(name, **{_MANAGED: "true", _ENFORCE: "baseline", **labels})


def _binding(place: str, name: str, *, role: str, subject: Manifest) -> Manifest:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": place},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": _RBAC, **subject}],
    }


def _group(name: str) -> Manifest:
    return {"kind": "Group", "name": name}


def _creating(manifest: Manifest) -> Callable[[ClusterGateway, str], object]:
    return lambda gateway, _: gateway.create(manifest, dry_run=True)


def _building(build: Callable[[str], Manifest]) -> Callable[[ClusterGateway, str], object]:
    return lambda gateway, at: gateway.create(build(at), dry_run=True)


def _binding_viewer(subject: Manifest) -> Callable[[ClusterGateway, str], object]:
    return lambda gateway, at: gateway.create(
        _binding(at, "team-viewer", role="bulkhead:viewer", subject=subject), dry_run=True
    )


def _long_token(gateway: ClusterGateway, _at: str) -> object:
    return gateway.renew_token(LONGEST_TOKEN + 1, dry_run=True)


def _token_of_a_pod(gateway: ClusterGateway, _at: str) -> object:
    return gateway.renew_token(_EXTENDED_SECONDS, pod=_NAME, dry_run=True)


_CONFINED = "bulkhead-confined"
_LEVEL = "enforce at baseline or restricted"
_ONE_GROUP = "may bind one group only"
_BY_NAME = "as team-developer, team-shell and team-viewer"
_TOKENS = (
    Attempt(
        "mint a token of its account that lives longer than a day",
        "bulkhead-credentials",
        "lives for a day at most",
        _long_token,
    ),
    Attempt(
        "mint a token of its account for a pod, which may live for a year",
        "bulkhead-credentials",
        "is bound to no pod",
        _token_of_a_pod,
    ),
)
PORTAL_MAY_NOT = (
    Attempt(
        "make a namespace that is not marked as managed",
        _CONFINED,
        "may only write to namespaces labelled",
        _creating(_namespace()),
    ),
    Attempt(
        "make a namespace whose pods may do everything",
        _CONFINED,
        _LEVEL,
        _creating(_managed(**{_ENFORCE: "privileged"})),
    ),
    Attempt(
        "make a namespace without a Pod Security level",
        _CONFINED,
        _LEVEL,
        _creating(_namespace(**{_MANAGED: "true"})),
    ),
    Attempt(
        "enforce an old version of a Pod Security level",
        _CONFINED,
        "latest version of a Pod Security level only",
        _creating(_managed(**{f"{_ENFORCE}-version": "v1.0"})),
    ),
    Attempt(
        "give a namespace another one's name as its label",
        _CONFINED,
        "its own name as ns-id only",
        _creating(_managed(**{"ns-id": "another"})),
    ),
    Attempt(
        "loosen the Pod Security level of a managed namespace",
        _CONFINED,
        _LEVEL,
        lambda gateway, at: gateway.apply(_managed(at, **{_ENFORCE: "privileged"}), dry_run=True),
        is_inside=True,
    ),
    Attempt(
        "give up a managed namespace",
        _CONFINED,
        "may not give up a namespace",
        lambda gateway, at: gateway.apply(_managed(at, **{_MANAGED: "false"}), dry_run=True),
        is_inside=True,
    ),
    Attempt(
        "bind everybody who is signed in",
        _CONFINED,
        _ONE_GROUP,
        _binding_viewer(_group("system:authenticated")),
        is_inside=True,
    ),
    Attempt(
        "bind a system group behind a blank",
        _CONFINED,
        _ONE_GROUP,
        _binding_viewer(_group(" system:authenticated")),
        is_inside=True,
    ),
    Attempt(
        "bind the break-glass group",
        _CONFINED,
        _ONE_GROUP,
        _binding_viewer(_group("bulkhead:break-glass")),
        is_inside=True,
    ),
    Attempt(
        "bind a person",
        _CONFINED,
        _ONE_GROUP,
        _binding_viewer({"kind": "User", "name": "somebody"}),
        is_inside=True,
    ),
    Attempt(
        "bind a group a second time under another name",
        _CONFINED,
        _BY_NAME,
        lambda gateway, at: gateway.create(
            _binding(at, _NAME, role="bulkhead:developer", subject=_group("team")), dry_run=True
        ),
        is_inside=True,
    ),
    Attempt(
        "bind its own role",
        _CONFINED,
        _BY_NAME,
        lambda gateway, at: gateway.create(
            _binding(at, "team-viewer", role="bulkhead:provisioner", subject=_group("team")),
            dry_run=True,
        ),
        is_inside=True,
    ),
    *_TOKENS,
)
ADMIN_MAY_NOT = (
    Attempt(
        "mark a namespace as managed",
        "bulkhead-reserved-namespace-labels",
        "labels bulkhead.dev/* and ns-id are reserved",
        _creating(_managed()),
    ),
    Attempt(
        "mark a namespace as made for a request",
        "bulkhead-reserved-namespace-labels",
        "annotations bulkhead.dev/* are reserved",
        _creating(
            {
                **_namespace(),
                "metadata": {"name": _NAME, "annotations": {"bulkhead.dev/request": "REQ-0"}},
            }
        ),
    ),
    Attempt(
        "widen what every team may do",
        "bulkhead-reserved-role-labels",
        "labels bulkhead.dev/* of a ClusterRole are reserved",
        _creating(
            {
                "apiVersion": f"{_RBAC}/v1",
                "kind": "ClusterRole",
                "metadata": {
                    "name": _NAME,
                    "labels": {"bulkhead.dev/aggregate-to-developer": "true"},
                },
                "rules": [],
            }
        ),
    ),
    Attempt(
        "write a policy into a managed namespace",
        "bulkhead-owned-resources",
        "this namespace is managed by Bulkhead",
        lambda gateway, at: gateway.create(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": _NAME, "namespace": at},
                "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
            },
            dry_run=True,
        ),
        is_inside=True,
    ),
    *_TOKENS,
    *(
        Attempt(f"make what {policy} refuses", policy, "", _building(build), is_inside=True)
        for policy, build in TEAM_PROBES.items()
    ),
)
