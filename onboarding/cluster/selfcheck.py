"""Ask the cluster, as the portal, for every right it needs and every right it must not have.

The table is data. Too many rights are as wrong as too few: a stolen credential must not be able
to open what the portal keeps closed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from onboarding.cluster.verbs import ClusterGateway

_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_OWNED = ("get", "list", "watch", "create", "patch", "delete")
_DRAINED = ("get", "list", "watch", "delete", "deletecollection")
_SEEN = ("get", "list", "watch")
_WRITTEN = ("create", "update", "patch", "delete")
_COMPARED = ("get", "list")


@dataclass(frozen=True)
class Right:
    """Verbs on one resource. `namespace` "" asks about all namespaces, `name` "" about any name."""

    resource: str
    verbs: tuple[str, ...]
    granted: bool
    namespace: str = ""
    name: str = ""


@dataclass(frozen=True)
class RightCheck:
    """What the cluster said about a right. `wrong` holds the verbs answered the other way."""

    right: Right
    wrong: tuple[str, ...]
    untried = ""

    @property
    def is_wrong(self) -> bool:
        return bool(self.wrong)

    def __str__(self) -> str:
        right = self.right
        wanted = "granted" if right.granted else "refused"
        where = f" in {right.namespace}" if right.namespace else ""
        named = f" {right.name}" if right.name else ""
        line = f"{wanted:8} {right.resource}{named}{where}: {' '.join(right.verbs)}"
        if not self.wrong:
            return f"ok     {line}"
        unwanted = "refused" if right.granted else "granted"
        return f"WRONG  {line} - {unwanted}: {' '.join(self.wrong)}"


NEEDED = (
    Right("namespaces", _OWNED, granted=True),
    Right("networkpolicies.networking.k8s.io", _OWNED, granted=True),
    Right("resourcequotas", _OWNED, granted=True),
    Right("limitranges", _OWNED, granted=True),
    Right(f"rolebindings.{_RBAC}", _OWNED, granted=True),
    Right(f"clusterroles.{_RBAC}", ("bind",), granted=True, name="bulkhead:developer"),
    Right(f"clusterroles.{_RBAC}", ("bind",), granted=True, name="bulkhead:shell"),
    Right(f"clusterroles.{_RBAC}", ("bind",), granted=True, name="bulkhead:viewer"),
    Right(f"clusterroles.{_RBAC}", ("get",), granted=True, name="bulkhead:developer"),
    Right(f"clusterroles.{_RBAC}", ("get",), granted=True, name="bulkhead:shell"),
    Right(f"clusterroles.{_RBAC}", ("get",), granted=True, name="bulkhead:viewer"),
    Right(f"validatingadmissionpolicies.{_ADMISSION}", _COMPARED, granted=True),
    Right(f"validatingadmissionpolicybindings.{_ADMISSION}", _COMPARED, granted=True),
    Right(f"mutatingadmissionpolicies.{_ADMISSION}", _COMPARED, granted=True),
    Right(f"mutatingadmissionpolicybindings.{_ADMISSION}", _COMPARED, granted=True),
    Right("pods", _DRAINED, granted=True),
    Right("replicationcontrollers", _DRAINED, granted=True),
    Right("deployments.apps", _DRAINED, granted=True),
    Right("statefulsets.apps", _DRAINED, granted=True),
    Right("daemonsets.apps", _DRAINED, granted=True),
    Right("replicasets.apps", _DRAINED, granted=True),
    Right("jobs.batch", _DRAINED, granted=True),
    Right("cronjobs.batch", _DRAINED, granted=True),
    Right("persistentvolumeclaims", _SEEN, granted=True),
    Right("services", _SEEN, granted=True),
    Right("subjectaccessreviews.authorization.k8s.io", ("create",), granted=True),
    Right("selfsubjectaccessreviews.authorization.k8s.io", ("create",), granted=True),
    Right(
        "serviceaccounts/token",
        ("create",),
        granted=True,
        namespace="bulkhead-system",
        name="bulkhead",
    ),
)
NOT_WANTED = (
    Right("*.*", ("*",), granted=False),
    Right("secrets", ("get", "list", "watch", *_WRITTEN), granted=False),
    Right("configmaps", _WRITTEN, granted=False),
    Right("services", _WRITTEN, granted=False),
    Right("persistentvolumeclaims", (*_WRITTEN, "deletecollection"), granted=False),
    Right("pods", ("create", "update"), granted=False),
    Right("pods/status", ("update", "patch"), granted=False),
    Right("pods/binding", ("create",), granted=False),
    Right("pods/resize", ("update", "patch"), granted=False),
    Right("pods/exec", ("create", "get"), granted=False),
    Right("pods/attach", ("create", "get"), granted=False),
    Right("pods/portforward", ("create", "get"), granted=False),
    Right("pods/ephemeralcontainers", ("update", "patch"), granted=False),
    Right("deployments.apps", ("create", "update", "patch"), granted=False),
    Right("daemonsets.apps", ("create", "update", "patch"), granted=False),
    Right("jobs.batch", ("create", "update", "patch"), granted=False),
    Right("nodes", _WRITTEN, granted=False),
    Right("nodes/proxy", ("get", "create"), granted=False),
    Right("serviceaccounts", _WRITTEN, granted=False),
    Right("serviceaccounts/token", ("create",), granted=False),
    Right("users", ("impersonate",), granted=False),
    Right("groups", ("impersonate",), granted=False),
    Right("serviceaccounts", ("impersonate",), granted=False),
    Right(f"roles.{_RBAC}", (*_WRITTEN, "bind", "escalate"), granted=False),
    Right(f"clusterroles.{_RBAC}", (*_WRITTEN, "bind", "escalate"), granted=False),
    Right(f"clusterroles.{_RBAC}", ("bind",), granted=False, name="edit"),
    Right(f"clusterroles.{_RBAC}", ("bind",), granted=False, name="admin"),
    Right(f"clusterroles.{_RBAC}", ("bind",), granted=False, name="cluster-admin"),
    Right(f"clusterrolebindings.{_RBAC}", _WRITTEN, granted=False),
    Right(f"validatingadmissionpolicies.{_ADMISSION}", _WRITTEN, granted=False),
    Right(f"validatingadmissionpolicybindings.{_ADMISSION}", _WRITTEN, granted=False),
    Right(f"mutatingadmissionpolicies.{_ADMISSION}", _WRITTEN, granted=False),
    Right(f"mutatingadmissionpolicybindings.{_ADMISSION}", _WRITTEN, granted=False),
    Right(f"validatingwebhookconfigurations.{_ADMISSION}", _WRITTEN, granted=False),
    Right(f"mutatingwebhookconfigurations.{_ADMISSION}", _WRITTEN, granted=False),
    Right("customresourcedefinitions.apiextensions.k8s.io", _WRITTEN, granted=False),
)


def check_rights(portal: ClusterGateway, *, has_gate: bool) -> Iterator[RightCheck]:
    """Yield one finding per line of the table, needed rights first.

    To lift the fence gate the portal patches pods, and admission lets it change nothing else of
    them. Where there is no gate it may not.
    """
    lifts = Right("pods", ("patch",), granted=has_gate)
    for right in (*NEEDED, lifts, *NOT_WANTED):
        wrong = tuple(
            verb
            for verb in right.verbs
            if right.granted is not _is_granted(portal, right, verb=verb)
        )
        yield RightCheck(right, wrong)


def _is_granted(portal: ClusterGateway, right: Right, *, verb: str) -> bool:
    return portal.review_access(
        verb=verb, resource=right.resource, namespace=right.namespace, name=right.name
    )
