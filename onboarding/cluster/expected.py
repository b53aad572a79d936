"""Whether a success is what was asked for: this object, this list, the answer to this question.

Last part of every gateway call, after responses.py. A proxy, a cache or another server answers 200
as well; what an API server would not say to exactly this request is a fault of the line.
"""

from collections.abc import Mapping

from onboarding.cluster.errors import ServerFault
from onboarding.cluster.kinds import KINDS
from onboarding.domain.objects import Json, Key, Manifest, branch, items, key_of, text

OK, CREATED, ACCEPTED = 200, 201, 202


def asked_object(
    body: Manifest, key: Key, *, seen: Manifest | None = None, is_stored: bool = True
) -> Manifest:
    """Return an answer that is the object `key`; after a write over `seen`, not an older one.

    A dry run stores nothing, so what it returns has no version.
    """
    has_version = bool(text(body, "metadata", "resourceVersion")) or not is_stored
    is_named = key_of(body) == key and text(body, "apiVersion") == KINDS[key.kind].api_version
    if not (is_named and has_version and text(body, "metadata", "uid")):
        raise ServerFault(f"asked for {key}, something else came", key=key)
    if seen is not None and _is_not_after(body, seen):
        raise ServerFault(f"what came is not {key} after it was written", key=key)
    return body


def _is_not_after(body: Manifest, seen: Manifest) -> bool:
    """Tell whether it is another object than was seen, or an earlier version of it."""
    before, after = (text(tree, "metadata", "resourceVersion") for tree in (seen, body))
    is_another = text(body, "metadata", "uid") != text(seen, "metadata", "uid")
    are_numbers = before.isdecimal() and after.isdecimal()
    return is_another or (are_numbers and int(after) < int(before))


def asked_page(body: Manifest, key: Key) -> list[Manifest]:
    """Return the objects of one page of the list that `key` names, each with its kind."""
    kind, metadata, listed = key.kind, branch(body, "metadata"), body.get("items")
    is_named = text(body, "kind") == f"{kind}List"
    is_named = is_named and text(body, "apiVersion") == KINDS[kind].api_version
    if not (is_named and text(metadata, "resourceVersion") and isinstance(listed, list)):
        raise ServerFault(f"asked for {KINDS[kind].plural}, something else came", key=key)
    if metadata.get("remainingItemCount") and not text(metadata, "continue"):
        raise ServerFault(f"the list of {KINDS[kind].plural} was cut short", key=key)
    found = [_self_named(kind, item) for item in listed if isinstance(item, dict)]
    uids = {text(one, "metadata", "uid") for one in found if _belongs(one, key)}
    if len(uids) != len(listed):
        raise ServerFault(f"in the list of {KINDS[kind].plural} is something else", key=key)
    return found


def _self_named(kind: str, item: Manifest) -> Manifest:
    """Return a list item with the kind the server leaves out of items."""
    return {"apiVersion": KINDS[kind].api_version, "kind": kind, **item}


def _belongs(item: Manifest, listed: Key) -> bool:
    """Tell whether an item can be of the list: its kind, its place, and a uid of its own."""
    found = key_of(item)
    in_its_place = found.namespace == listed.namespace or not listed.namespace
    in_its_place = in_its_place and bool(found.namespace) is KINDS[listed.kind].namespaced
    is_whole = bool(found.name and text(item, "metadata", "uid"))
    return found.kind == listed.kind and in_its_place and is_whole


def check_deleted(body: Manifest, key: Key, *, uid: str | None) -> None:
    """Check the answer to a deletion: the object, or a Status that names it."""
    details = branch(body, "details")
    resource = KINDS[key.kind]
    named = text(details, "kind"), text(details, "group"), text(details, "name")
    if is_success(body) and named == (resource.plural, resource.group, key.name):
        found = text(details, "uid")
    else:
        found = text(asked_object(body, key), "metadata", "uid")
    if uid and found and found != uid:
        raise ServerFault(f"asked to delete {key}, another one was named", key=key)


def check_collection_deleted(body: Manifest, key: Key) -> None:
    """Check the answer to the deletion of a collection: its list, or a Status."""
    if not is_success(body):
        asked_page(body, key)


def is_success(body: Manifest) -> bool:
    """Tell whether it is a Status that says that all went well."""
    kinds = text(body, "kind"), text(body, "apiVersion"), text(body, "status")
    return kinds == ("Status", "v1", "Success")


def answered_review(body: Manifest, kind: str, asked: Mapping[str, Json]) -> bool:
    """Return what the API server says to exactly this question."""
    spec, allowed = branch(body, "spec"), branch(body, "status").get("allowed")
    repeated = all(spec.get(field) == value for field, value in asked.items())
    if text(body, "kind") != kind or not repeated or not isinstance(allowed, bool):
        raise ServerFault(f"asked a {kind}, something else was answered")
    return allowed


def asked_groups(body: Manifest) -> list[Manifest]:
    """Return the API groups of an answer that lists them."""
    if text(body, "kind") != "APIGroupList" or not isinstance(body.get("groups"), list):
        raise ServerFault("asked for the API groups, something else came")
    return items(body, "groups")


def asked_resources(body: Manifest, group_version: str) -> list[Manifest]:
    """Return what one version of a group offers."""
    is_named = text(body, "kind") == "APIResourceList"
    is_named = is_named and text(body, "groupVersion") == group_version
    if not is_named or not isinstance(body.get("resources"), list):
        raise ServerFault(f"asked for the resources of {group_version}, something else came")
    return items(body, "resources")


def asked_token(body: Manifest, key: Key) -> Manifest:
    """Return the status of a new token of the account that was asked for."""
    status, named = branch(body, "status"), text(body, "metadata", "name")
    if text(body, "kind") != "TokenRequest" or named != key.name or not text(status, "token"):
        raise ServerFault("asked for a token, something else came", key=key)
    return status
