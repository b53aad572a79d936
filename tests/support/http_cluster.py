"""The cluster in memory behind HTTP: reads requests and words answers as an API server does.

What the real one answers was read off 1.37.2; tests/cluster/test_gateway.py holds both to it. It
takes the place of the client library's connection pool, so that the whole gateway runs.
"""

import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit

import urllib3

from onboarding.cluster.connections import APPLY_TYPE, MERGE_TYPE, Connection
from onboarding.cluster.errors import ClusterError, ObjectMissing
from onboarding.cluster.gateway import PORTAL_ACCOUNT, Gateway
from onboarding.cluster.kinds import GROUPS_PATH, KINDS
from onboarding.cluster.responses import JSON_TYPE
from onboarding.domain.objects import Json, Key, Manifest, branch, copied, items, text
from tests.support.fake_cluster import FakeCluster

_PATH = re.compile(
    r"/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/))?/(?P<plural>[^/]+)(?:/(?P<name>[^/]+))?(?P<token>/token)?"
)
_REVIEW = re.compile(r"/apis/authorization\.k8s\.io/v1/(?:self)?subjectaccessreviews")
_BY_PLURAL = {(one.group, one.plural): kind for kind, one in KINDS.items()}
_ANSWERED_WHOLE = frozenset({"Namespace", "Pod", "ResourceQuota"})  # by a DELETE; others: a Status
BUILT_IN = {
    group: sorted(kind for kind, one in KINDS.items() if one.group == group)
    for group in sorted({one.group for one in KINDS.values() if one.group})
}
_REASONS = {403: "Forbidden", 404: "NotFound", 409: "Conflict", 422: "Invalid"}


@dataclass(frozen=True)
class Ask:
    """One request as it arrives. `key.name` is "" for a collection."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Manifest
    content_type: str
    key: Key

    @property
    def is_list(self) -> bool:
        return self.method == "GET" and bool(self.key.kind) and not self.key.name

    @property
    def is_get(self) -> bool:
        return self.method == "GET" and bool(self.key.name)

    @property
    def is_review(self) -> bool:
        return bool(_REVIEW.fullmatch(self.path))

    @property
    def returns_object(self) -> bool:
        """Tell whether a good answer is the object that was named or sent."""
        return bool(self.key.name) and self.method in {"GET", "POST", "PATCH"}


@dataclass(frozen=True)
class Answer:
    """One answer on its way back."""

    status: int
    raw: bytes
    content_type: str | None = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def tree(self) -> Manifest:
        found: Manifest = json.loads(self.raw)
        return copied(found)


Handler: TypeAlias = Callable[[Ask], Answer]


def answer(status: int, tree: Json) -> Answer:
    return Answer(status, json.dumps(tree, separators=(",", ":")).encode())


def status_tree(
    code: int, message: str, *, reason: str = "", details: Manifest | None = None
) -> Manifest:
    """Return a Failure as the API server words it."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason or _REASONS.get(code, "InternalError"),
        "details": details or {},
        "code": code,
    }


def details_of(key: Key) -> Manifest:
    """Return how a Status names an object."""
    resource = KINDS[key.kind]
    named: Manifest = {"name": key.name, "group": resource.group, "kind": resource.plural}
    return {field: value for field, value in named.items() if value}


def missing(key: Key) -> Answer:
    """Return the API server's own word that there is no such object."""
    said = f'{KINDS[key.kind].full_name} "{key.name}" not found'
    return answer(404, status_tree(404, said, details=details_of(key)))


def ask_of(method: str, url: str, body: str | None, headers: Mapping[str, str]) -> Ask:
    """Read a request."""
    parts = urlsplit(url)
    tree: Manifest = json.loads(body) if body else {}
    return Ask(
        method,
        parts.path,
        dict(parse_qsl(parts.query)),
        tree,
        headers.get("Content-Type", ""),
        _key_in(method, parts.path, tree),
    )


def _key_in(method: str, path: str, tree: Manifest) -> Key:
    found = _PATH.fullmatch(path)
    if found is None or _REVIEW.fullmatch(path):
        return Key("", "", "")
    kind = _BY_PLURAL.get((found["group"] or "", found["plural"]), "")
    name = found["name"] or (text(tree, "metadata", "name") if method == "POST" else "")
    return Key(kind, found["namespace"] or "", name)


class HttpCluster:
    """Answers requests from a FakeCluster."""

    def __init__(self, fake: FakeCluster) -> None:
        self.fake = fake

    def __call__(self, ask: Ask) -> Answer:
        try:
            return self._routed(ask)
        except ClusterError as error:
            return _refusal(error, ask.key)

    def _routed(self, ask: Ask) -> Answer:
        if ask.is_review:
            return self._review(ask)
        if ask.path.startswith(GROUPS_PATH) and ask.path.count("/") in {1, 3} and not ask.key.kind:
            return self._discovery(ask.path)
        if ask.path.endswith("/token"):
            return self._token(ask)
        verbs = {"GET": self._get, "POST": self._post, "PATCH": self._patch, "DELETE": self._delete}
        return verbs[ask.method](ask)

    def _get(self, ask: Ask) -> Answer:
        if ask.is_list:
            return self._page(ask)
        found = self.fake.get(ask.key)
        return answer(200, _whole(ask.key, found)) if found else missing(ask.key)

    def _page(self, ask: Ask) -> Answer:
        kind, place = ask.key.kind, ask.key.namespace
        selector = ask.query.get("labelSelector", "")
        if named := re.fullmatch(r"kubernetes\.io/metadata\.name in \((.*)\)", selector):
            listed = [*self.fake.named_namespaces(*named[1].split(",")).values()]
        else:
            listed = self.fake.list(kind, place)
        if ask.query.get("fieldSelector"):
            listed = [one for one in listed if not text(one, "spec", "nodeName")]
        start, limit = int(ask.query.get("continue", "0")), int(ask.query["limit"])
        taken, left = listed[start : start + limit], len(listed) - start - limit
        metadata: Manifest = {"resourceVersion": str(self.fake._version)}
        if left > 0:
            metadata |= {"continue": str(start + limit), "remainingItemCount": left}
        whole: list[Json] = [_bare(_whole(Key(kind, place, ""), one)) for one in taken]
        api_version = KINDS[kind].api_version
        tree: Manifest = {"kind": f"{kind}List", "apiVersion": api_version, "metadata": metadata}
        return answer(200, {**tree, "items": whole})

    def _post(self, ask: Ask) -> Answer:
        is_dry = "dryRun" in ask.query
        return answer(201, _whole(ask.key, self.fake.create(ask.body, dry_run=is_dry)))

    def _patch(self, ask: Ask) -> Answer:
        metadata = branch(ask.body, "metadata")
        pinned: Manifest = {name: metadata.pop(name, "") for name in ("uid", "resourceVersion")}
        seen: Manifest | None = {"metadata": pinned} if any(pinned.values()) else None
        status = 200 if ask.key in {*self.fake.objects, *self.fake.system} else 201
        if ask.content_type == APPLY_TYPE:
            is_dry = "dryRun" in ask.query
            stored = self.fake.apply(ask.body, seen=seen, dry_run=is_dry)
        elif ask.content_type == MERGE_TYPE and ask.key in self.fake.system:
            [(name, value)] = branch(metadata, "annotations").items()
            self.fake.annotate(ask.key, name, str(value), seen=seen or {})
            stored = copied(self.fake.system[ask.key])
        elif ask.content_type == MERGE_TYPE:
            stored = self.fake.cut(ask.key, _nulls(ask.body), seen=seen or {})
        else:
            [gate] = items(ask.body, "spec", "schedulingGates")
            if not self.fake.lift_gate(ask.key, text(gate, "name")):
                return missing(ask.key)
            stored = copied(self.fake.objects[ask.key])
        return answer(status, _whole(ask.key, stored))

    def _delete(self, ask: Ask) -> Answer:
        key = ask.key
        if not key.name:
            page = self._page(Ask("GET", ask.path, {"limit": "500"}, {}, "", key))
            self.fake.delete_collection(key.kind, key.namespace)
            return page
        before = copied(self.fake.objects.get(key, {}))
        if not self.fake.delete(key, uid=text(ask.body, "preconditions", "uid") or None):
            return missing(key)
        if key.kind in _ANSWERED_WHOLE:
            return answer(200, _whole(key, self.fake.objects.get(key, before)))
        details = {**details_of(key), "uid": text(before, "metadata", "uid")}
        gone: Manifest = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
        return answer(200, {**gone, "details": details})

    def _review(self, ask: Ask) -> Answer:
        wanted = branch(ask.body, "spec", "resourceAttributes")
        whole = "/".join(
            part for name in ("resource", "subresource") if (part := text(wanted, name))
        )
        group = text(wanted, "group")
        resource, _, subresource = whole.partition("/")
        resource = f"{resource}.{group}" if group else resource
        groups = branch(ask.body, "spec").get("groups")
        allowed = self.fake.review_access(
            verb=text(wanted, "verb"),
            resource=f"{resource}/{subresource}" if subresource else resource,
            namespace=text(wanted, "namespace"),
            name=text(wanted, "name"),
            group=str(groups[0]) if isinstance(groups, list) and groups else None,
            user=text(ask.body, "spec", "user") or None,
        )
        return answer(201, {**ask.body, "metadata": {}, "status": {"allowed": allowed}})

    def _token(self, ask: Ask) -> Answer:
        seconds = branch(ask.body, "spec")["expirationSeconds"]
        minted, now = self.fake.renew_token(int(str(seconds))), self.fake.now()
        now = now.replace(microsecond=0)  # as a Date header tells it
        until = (now + minted.life).isoformat()
        status: Manifest = {"token": minted.token, "expirationTimestamp": until}
        named: Manifest = {"name": PORTAL_ACCOUNT, "namespace": ask.key.namespace}
        given = answer(201, {**ask.body, "metadata": named, "status": status})
        return replace(given, headers={"Date": format_datetime(now, usegmt=True)})

    def _discovery(self, path: str) -> Answer:
        groups = {**BUILT_IN, **self.fake.groups}
        if path == GROUPS_PATH:
            listed: list[Json] = [
                {"name": name, "versions": [{"groupVersion": f"{name}/v1", "version": "v1"}]}
                for name in groups
            ]
            return answer(200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed})
        group_version = path.removeprefix(f"{GROUPS_PATH}/")
        served: list[Json] = [
            {"name": f"{kind.lower()}s", "kind": kind}
            for kind in groups[group_version.partition("/")[0]]
        ]
        tree: Manifest = {"kind": "APIResourceList", "apiVersion": "v1", "resources": served}
        return answer(200, {**tree, "groupVersion": group_version})


def _whole(key: Key, tree: Manifest) -> Manifest:
    """Return an object with what every stored one has; the fake's guards come without."""
    uid = f"uid-of-{key.kind}-{key.name or text(tree, 'metadata', 'name')}"
    metadata: Manifest = {"name": key.name, "uid": uid, "resourceVersion": "1"}
    if key.namespace:
        metadata["namespace"] = key.namespace
    whole: Manifest = {"kind": key.kind, "apiVersion": KINDS[key.kind].api_version}
    return {**whole, **tree, "metadata": {**metadata, **branch(tree, "metadata")}}


def _bare(item: Manifest) -> Manifest:
    """Items of a list do not say of what kind they are."""
    return {name: value for name, value in item.items() if name not in ("kind", "apiVersion")}


def _nulls(tree: Manifest, *parents: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, value in tree.items():
        if value is None:
            found.append((*parents, name))
        elif isinstance(value, dict):
            found += _nulls(value, *parents, name)
    return found


def _refusal(error: ClusterError, key: Key) -> Answer:
    status = error.status or 500
    named = key
    if isinstance(error, ObjectMissing):
        named = Key("Namespace", "", key.namespace or key.name)
    reason = "AlreadyExists" if "already exists" in error.message else ""
    details = details_of(named) if named.kind else {}
    return answer(status, status_tree(status, error.message, reason=reason, details=details))


class Line:
    """Takes the place of the client library's connection pool: hands requests to a handler."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: str | None = None,
        **_: Any,
    ) -> urllib3.HTTPResponse:
        return response_of(self.handler(ask_of(method, url, body, headers)))

    def clear(self) -> None:
        """Nothing is kept."""


def handler_of(gateway: Gateway) -> Handler:
    """Return what a gateway's own line answers, to be asked by another."""
    api = gateway._line._client

    def answer_to(ask: Ask) -> Answer:
        url = f"{api.configuration.host}{ask.path}"
        if ask.query:
            url = f"{url}?{urlencode(ask.query)}"
        headers = {**gateway._line._headers, "Content-Type": ask.content_type or JSON_TYPE}
        body = json.dumps(ask.body) if ask.body else None
        pool = api.rest_client.pool_manager
        given = pool.request(ask.method, url, headers=headers, body=body, preload_content=False)
        raw, media_type = given.read(), given.headers.get("Content-Type")
        given.release_conn()
        return Answer(given.status, raw, media_type, {"Date": given.headers.get("Date", "")})

    return answer_to


def response_of(given: Answer) -> urllib3.HTTPResponse:
    """Return the answer as it comes off the wire."""
    headers = {"Content-Length": str(len(given.raw)), **given.headers}
    if given.content_type is not None:
        headers["Content-Type"] = given.content_type
    return urllib3.HTTPResponse(
        io.BytesIO(given.raw), headers, given.status, preload_content=False, request_method="GET"
    )


def gateway_to(handler: Handler) -> Gateway:
    """Return the real gateway, whose every request goes to the handler."""
    gateway = Gateway(Connection("https://api.invalid", "", "token"))
    gateway._line._client.rest_client.pool_manager = Line(handler)
    return gateway
