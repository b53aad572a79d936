"""The one door to a cluster: few verbs, plain dicts, every failure one of cluster.errors.

Services receive a `ClusterGateway` and never build one themselves: services/credentials.py
opens it. No verb retries: what to do about a failure is decided where the state is.
"""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from onboarding.cluster.connections import (
    APPLY_TYPE,
    MERGE_TYPE,
    STRATEGIC_TYPE,
    AdminConnection,
    Connection,
    HttpClient,
)
from onboarding.cluster.errors import AccessDenied, ClusterError, Refused, ServerFault, TooLarge
from onboarding.cluster.expected import (
    ACCEPTED,
    CREATED,
    OK,
    answered_review,
    asked_groups,
    asked_object,
    asked_page,
    asked_resources,
    asked_token,
    check_collection_deleted,
    check_deleted,
)
from onboarding.cluster.kinds import GROUPS_PATH, KINDS, collection_path, group_path, object_path
from onboarding.cluster.paging import Allowance, PageWalk
from onboarding.cluster.responses import (
    JSON_TYPE,
    Purpose,
    Response,
    lost_snapshot,
    refusal,
    tells_missing,
)
from onboarding.cluster.server_time import MintedToken, life_of, life_until
from onboarding.cluster.verbs import ClusterGateway, Manifests, SnapshotLost
from onboarding.domain.objects import Json, Key, Manifest, branch, items, key_of, text

__all__ = ["ClusterGateway", "Gateway"]

FIELD_MANAGER = "bulkhead"
PORTAL_NAMESPACE = "bulkhead-system"
PORTAL_ACCOUNT = "bulkhead"
PAGE_SIZE = 500
NAME_LABEL = "kubernetes.io/metadata.name"  # the API server's own: nobody can change it
LIST_ATTEMPTS = 3
READ = Purpose.READ


@dataclass(frozen=True)
class _Grant:
    """A right a request needs: what to ask about when the answer was 403."""

    verb: str
    resource: str
    namespace: str = ""
    name: str = ""


class Gateway(ClusterGateway):
    """The real door. One instance per credential; safe to share between threads."""

    def __init__(
        self, connection: Connection | AdminConnection, *, field_manager: str = FIELD_MANAGER
    ) -> None:
        self.requests = 0
        self._line = HttpClient(connection)
        self._field_manager = field_manager
        self._counting = threading.Lock()

    def close(self) -> None:
        """Drop the kept connections."""
        self._line.close()

    def get(self, key: Key) -> Manifest | None:
        answer = self._send("GET", object_path(key))
        if tells_missing(answer, key):
            return None
        needs = _grants(key, "get")
        return asked_object(self._accepted(answer, key=key, needs=needs, purpose=READ), key)

    def list(self, kind: str, namespace: str = "") -> Manifests:
        for _ in range(LIST_ATTEMPTS):
            try:
                return [item for page in self.pages(kind, namespace) for item in page]
            except SnapshotLost:
                continue
        raise ServerFault(f"the list of {KINDS[kind].plural} changed too fast to be read")

    def pages(
        self, kind: str, namespace: str = "", *, allowance: Allowance | None = None
    ) -> Iterator[Manifests]:
        walk = PageWalk(PAGE_SIZE, allowance)
        while not walk.is_over:
            # Bound to no name: the last page must be gone before the next one is read.
            yield self._next_page(kind, namespace, walk)

    def named_namespaces(self, *names: str) -> Mapping[str, Manifest]:
        wanted = f"{NAME_LABEL} in ({','.join(sorted(names))})"
        walk = PageWalk(PAGE_SIZE, selector={"labelSelector": wanted})
        found: dict[str, Manifest] = {}
        while not walk.is_over:
            page = self._next_page("Namespace", "", walk)
            found |= {text(one, "metadata", "name"): one for one in page}
        if not found.keys() <= {*names}:
            raise ServerFault("asked for some namespaces, others came")
        return found

    def annotate(self, key: Key, name: str, value: str, *, seen: Manifest) -> None:
        answer = self._send(
            "PATCH",
            object_path(key),
            query=self._write_options(dry_run=False),
            body=_pinned({"metadata": {"annotations": {name: value}}}, seen),
            content_type=MERGE_TYPE,
        )
        asked_object(self._accepted(answer, key=key, needs=_grants(key, "patch")), key, seen=seen)

    def served_kinds(self, groups: Collection[str]) -> Mapping[str, Sequence[str]]:
        listed = asked_groups(self._read(GROUPS_PATH))
        return {
            text(group, "name"): self._kinds_in(group)
            for group in listed
            if text(group, "name") in groups
        }

    def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        key = key_of(manifest)
        answer = self._send(
            "POST",
            collection_path(key.kind, key.namespace),
            query=self._write_options(dry_run=dry_run),
            body=manifest,
        )
        needs = _grants(key, "create", manifest=manifest)
        stored = self._accepted(
            answer, key=key, needs=needs, success=(CREATED,), purpose=Purpose.CREATE
        )
        return asked_object(stored, key, is_stored=not dry_run)

    def apply(
        self, manifest: Manifest, *, seen: Manifest | None = None, dry_run: bool = False
    ) -> Manifest:
        key = key_of(manifest)
        answer = self._send(
            "PATCH",
            object_path(key),
            query={**self._write_options(dry_run=dry_run), "force": "true"},
            body=_pinned(manifest, seen) if seen else manifest,
            content_type=APPLY_TYPE,
        )
        needs = _grants(key, "patch", "create", manifest=manifest)
        stored = self._accepted(answer, key=key, needs=needs, success=(OK, CREATED))
        return asked_object(stored, key, seen=seen, is_stored=not dry_run)

    def cut(self, key: Key, fields: Sequence[tuple[str, ...]], *, seen: Manifest) -> Manifest:
        patch: Manifest = {}
        for *parents, last in fields:
            node = patch
            for step in parents:
                node = cast("Manifest", node.setdefault(step, {}))
            node[last] = None
        answer = self._send(
            "PATCH",
            object_path(key),
            query=self._write_options(dry_run=False),
            body=_pinned(patch, seen),
            content_type=MERGE_TYPE,
        )
        stored = self._accepted(answer, key=key, needs=_grants(key, "patch"))
        return asked_object(stored, key, seen=seen)

    def delete(self, key: Key, *, uid: str | None = None) -> bool:
        # Jobs orphan their pods unless told otherwise.
        options: Manifest = {"propagationPolicy": "Background"}
        if uid:
            options["preconditions"] = {"uid": uid}
        answer = self._send("DELETE", object_path(key), body=options)
        if tells_missing(answer, key):
            return False
        needs = _grants(key, "delete")
        told = self._accepted(answer, key=key, needs=needs, success=(OK, ACCEPTED))
        check_deleted(told, key, uid=uid)
        return True

    def delete_collection(self, kind: str, namespace: str) -> None:
        if not namespace:
            raise ValueError("a collection is only ever deleted in one namespace")
        key = Key(kind, namespace, "")
        options: Manifest = {"propagationPolicy": "Background"}
        answer = self._send("DELETE", collection_path(kind, namespace), body=options)
        told = self._accepted(answer, key=key, needs=_grants(key, "deletecollection"))
        check_collection_deleted(told, key)

    def unscheduled_pods(self, namespace: str) -> Iterator[Manifests]:
        walk = PageWalk(PAGE_SIZE, selector={"fieldSelector": "spec.nodeName="})
        while not walk.is_over:
            yield self._next_page("Pod", namespace, walk)

    def lift_gate(self, pod: Key, gate: str) -> bool:
        answer = self._send(
            "PATCH",
            object_path(pod),
            query=self._write_options(dry_run=False),
            body={"spec": {"schedulingGates": [{"$patch": "delete", "name": gate}]}},
            content_type=STRATEGIC_TYPE,
        )
        if tells_missing(answer, pod):
            return False
        asked_object(self._accepted(answer, key=pod, needs=_grants(pod, "patch")), pod)
        return True

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
        grant = _Grant(verb, resource, namespace, name)
        spec: Manifest = {"resourceAttributes": _attributes(grant)}
        kind = "SelfSubjectAccessReview"
        if group or user:
            kind = "SubjectAccessReview"
            # Whoever signs in is in this group too, and may have rights by it.
            spec["groups"] = [*([group] if group else []), "system:authenticated"]
            if user:
                spec["user"] = user
        return answered_review(self._post_review(kind, spec), kind, spec)

    def server_now(self) -> datetime | None:
        return self._line.server_clock.now()

    def renew_token(self, seconds: int, *, pod: str = "", dry_run: bool = False) -> MintedToken:
        key = Key("ServiceAccount", PORTAL_NAMESPACE, PORTAL_ACCOUNT)
        bound: Manifest = {"boundObjectRef": {"kind": "Pod", "name": pod}} if pod else {}
        body: Manifest = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": seconds, **bound},
        }
        options = self._write_options(dry_run=dry_run)
        answer = self._send("POST", f"{object_path(key)}/token", query=options, body=body)
        needs = [_Grant("create", "serviceaccounts/token", key.namespace, key.name)]
        status = asked_token(self._accepted(answer, key=key, needs=needs, success=(CREATED,)), key)
        token, expires = text(status, "token"), text(status, "expirationTimestamp")
        life = life_of(token) or life_until(expires, by=answer.date)
        if life is None:
            raise ServerFault("the answer does not say how long the new token lives", key=key)
        return MintedToken(token, life)

    def _next_page(self, kind: str, namespace: str, walk: PageWalk) -> Manifests:
        """Return the next page of a walk and let it go on to the one after, or end."""
        answer = self._bearable_page(collection_path(kind, namespace), walk)
        key = Key(kind, namespace, "")
        if walk.token and lost_snapshot(answer):
            raise SnapshotLost(text(answer.body, "message"), status=410, key=key)
        page = self._accepted(answer, key=key, needs=_grants(key, "list"), purpose=READ)
        listed = asked_page(page, key)
        metadata = branch(page, "metadata")
        walk.turn(text(metadata, "continue"), answer.size, text(metadata, "resourceVersion"))
        return listed

    def _bearable_page(self, path: str, walk: PageWalk) -> Response:
        """Ask for fewer objects until the answer can be read."""
        while True:
            try:
                return self._send("GET", path, query=walk.query, largest=walk.largest)
            except TooLarge as refused:
                walk.shrink(refused)

    def _kinds_in(self, group: Manifest) -> Sequence[str]:
        """Return the kinds of all versions of a group; one request for each version."""
        found = set()
        for version in items(group, "versions"):
            # Withdrawn meanwhile is a 404 without a Status, as a proxy is: the next look tells.
            group_version = text(version, "groupVersion")
            resources = asked_resources(self._read(group_path(group_version)), group_version)
            # A subresource, like `pods/status`, is named with the kind of its parent.
            found |= {text(one, "kind") for one in resources if "/" not in text(one, "name")}
        return sorted(found)

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Manifest | None = None,
        content_type: str = JSON_TYPE,
        largest: int | None = None,
    ) -> Response:
        with self._counting:
            self.requests += 1
        return self._line.send(
            method, path, query=query, body=body, content_type=content_type, largest=largest
        )

    def _accepted(
        self,
        answer: Response,
        *,
        key: Key | None,
        needs: Sequence[_Grant] = (),
        success: Collection[int] = (OK,),
        purpose: Purpose = Purpose.CHANGE,
    ) -> Manifest:
        """Return the body of a success; raise what anything else means."""
        if answer.status in success:
            return answer.body
        error = refusal(answer, key=key, purpose=purpose)
        if isinstance(error, AccessDenied) and needs and self._has_all(needs):
            raise _restated(error, ServerFault if purpose is READ else Refused)
        raise error

    def _read(self, path: str) -> Manifest:
        return self._accepted(self._send("GET", path), key=None, purpose=READ)

    def _has_all(self, needs: Sequence[_Grant]) -> bool:
        """Tell admission from RBAC: both answer 403, but only RBAC can be asked."""
        return all(
            self.review_access(
                verb=need.verb, resource=need.resource, namespace=need.namespace, name=need.name
            )
            for need in needs
        )

    def _post_review(self, kind: str, spec: Manifest) -> Manifest:
        path = f"/apis/authorization.k8s.io/v1/{kind.lower()}s"
        body: Manifest = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
        answer = self._send("POST", path, body=body)
        return self._accepted(answer, key=None, success=(CREATED,), purpose=READ)

    def _write_options(self, *, dry_run: bool) -> dict[str, str]:
        options = {"fieldManager": self._field_manager}
        return {**options, "dryRun": "All"} if dry_run else options


def _grants(key: Key, *verbs: str, manifest: Manifest | None = None) -> list[_Grant]:
    resource = KINDS[key.kind]
    needed = [_Grant(verb, resource.full_name, key.namespace, key.name) for verb in verbs]
    role = branch(manifest or {}, "roleRef")
    if role.get("kind") == "ClusterRole":
        wanted = f"clusterroles.{resource.group}"
        needed.append(_Grant("bind", wanted, key.namespace, text(role, "name")))
    return needed


def _attributes(grant: _Grant) -> Manifest:
    whole, _, subresource = grant.resource.partition("/")
    resource, _, group = whole.partition(".")
    attributes: dict[str, Json] = {
        "verb": grant.verb,
        "resource": resource,
        "group": group,
        "subresource": subresource,
        "namespace": grant.namespace,
        "name": grant.name,
    }
    return {name: value for name, value in attributes.items() if value}


def _pinned(manifest: Manifest, seen: Manifest) -> Manifest:
    """Return the manifest bound to the version that was read, so a stale write is refused.

    The uid as well: with the version alone, apply would create anew what has been deleted since.
    """
    read = {name: text(seen, "metadata", name) for name in ("uid", "resourceVersion")}
    return {**manifest, "metadata": {**branch(manifest, "metadata"), **read}}


def _restated(error: AccessDenied, kind: type[ClusterError]) -> ClusterError:
    """Return the same as another error: where RBAC grants all of it, it was not RBAC's."""
    return kind(
        error.message,
        status=error.status,
        reason=error.reason,
        key=error.key,
        retry_after=error.retry_after,
    )
