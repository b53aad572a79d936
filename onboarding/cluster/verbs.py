"""The verbs a cluster understands, as services see them.

The one source of their signatures: the real gateway and the tests' fake both declare this
protocol, and both pass the same contract tests.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

from onboarding.cluster.errors import ClusterError
from onboarding.cluster.paging import Allowance
from onboarding.cluster.server_time import MintedToken
from onboarding.domain.objects import Key, Manifest

# In the class below `list` is a verb, so the result of listing has a name of its own.
Manifests: TypeAlias = list[Manifest]


class SnapshotLost(ClusterError):
    """410 in the middle of a list: its pages no longer fit together, begin again at the first."""


class ClusterGateway(Protocol):
    """What services may ask of a cluster. Every verb may raise any ClusterError."""

    requests: int

    def get(self, key: Key) -> Manifest | None:
        """Return the object, or None if there is none."""

    def list(self, kind: str, namespace: str = "") -> Manifests:
        """Return all objects of a kind, in one namespace or ("") in the whole cluster."""

    def pages(
        self, kind: str, namespace: str = "", *, allowance: Allowance | None = None
    ) -> Iterator[Manifests]:
        """Yield the same objects page by page, and keep none of them.

        All pages show one moment. Raise SnapshotLost between two pages if the server has
        forgotten that moment; what was yielded before is then worth nothing. A page too large is
        asked for again with fewer objects. Raise TooLarge where one object alone is, or once the
        allowance is spent.
        """

    def named_namespaces(self, *names: str) -> Mapping[str, Manifest]:
        """Return those of the named namespaces that there are, by name. One request."""

    def annotate(self, key: Key, name: str, value: str, *, seen: Manifest) -> None:
        """Set one annotation. Raise WriteConflict if the object has changed since it was `seen`."""

    def served_kinds(self, groups: Collection[str]) -> Mapping[str, Sequence[str]]:
        """Return the kinds the server offers in each of these API groups that it serves, sorted."""

    def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Create and return the object. Raise AlreadyExists if the name is taken."""

    def apply(
        self, manifest: Manifest, *, seen: Manifest | None = None, dry_run: bool = False
    ) -> Manifest:
        """Server-side apply, by force, and return what is stored.

        With `seen`, the live object as last read: raise WriteConflict if it changed or went since.
        Compare before applying: explicit empty lists are never stored, so an API server counts
        every apply of them as a change.
        """

    def cut(self, key: Key, fields: Sequence[tuple[str, ...]], *, seen: Manifest) -> Manifest:
        """Remove fields, named by their path of map keys, and return what is stored.

        For what others added beside the portal's fields: a forced apply leaves that. Raise
        WriteConflict if the object has changed since it was `seen`.
        """

    def delete(self, key: Key, *, uid: str | None = None) -> bool:
        """Ask for deletion; False if it was gone. Raise WriteConflict if the uid differs."""

    def delete_collection(self, kind: str, namespace: str) -> None:
        """Ask for deletion of all objects of a kind in a namespace, and of what they own."""

    def unscheduled_pods(self, namespace: str) -> Iterator[Manifests]:
        """Yield the pods of one namespace that have no node yet, as `pages` does."""

    def lift_gate(self, pod: Key, gate: str) -> bool:
        """Take one scheduling gate from a pod, if it has it; False if there is no such pod."""

    def review_access(
        self,
        *,
        verb: str,
        resource: str,
        namespace: str = "",
        name: str = "",
        group: str | None = None,
        user: str | None = None,
    ) -> bool:
        """Say whether the cluster's RBAC would allow it.

        `resource` reads like kubectl's: `pods`, `pods/exec`, `networkpolicies.networking.k8s.io`,
        `deployments.apps/scale`. Without `group` and `user` the question is about the portal.
        """

    def server_now(self) -> datetime | None:
        """Return what the API server's clock shows, by its newest answer; None where unknown."""

    def renew_token(self, seconds: int, *, pod: str = "", dry_run: bool = False) -> MintedToken:
        """Return a new token of the portal's own account, and how long it lives.

        A dry run is refused like the real thing; what it returns opens nothing. One for a `pod`
        is only ever tried, because admission must refuse it.
        """
