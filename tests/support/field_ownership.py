"""What server-side apply does to one object, as far as the portal's kinds need it.

Maps merge, lists are replaced whole, fields applied earlier and no longer named go away unless
somebody else has changed them since. Every difference to a real API server that matters to a test
belongs into tests/cluster/test_gateway.py first.
"""

from onboarding.domain.objects import Json, Manifest, branch, copied

NOT_OWNED = ("apiVersion", "kind", "metadata")
ATOMIC = ("podSelector", "roleRef")  # replaced whole although they are maps
_MISSING = object()


def applied(live: Manifest, wanted: Manifest, before: Manifest | None) -> Manifest:
    """Return live with wanted forced onto it. `before` is what the same manager applied last."""
    tree = copied(live)
    if before is not None:
        _drop_given_up(tree, _fields(before), _fields(wanted))
    _force(tree, _fields(wanted))
    return tree


def owned_paths(tree: Manifest) -> Json:
    """Return the `fieldsV1` of everything a manifest names."""
    return _paths(_fields(tree))


def changed_paths(before: Manifest, after: Manifest) -> Json:
    """Return the `fieldsV1` of every field that differs."""
    return _changed(_fields(before), _fields(after))


def recorded(entries: list[Manifest], mine: Manifest) -> list[Json]:
    """Return `managedFields` with mine added; what I took by force, the others lose."""
    kept: list[Json] = []
    for entry in entries:
        if (entry["manager"], entry["operation"]) != (mine["manager"], mine["operation"]):
            left = _without(entry["fieldsV1"], mine["fieldsV1"])
            kept += [{**entry, "fieldsV1": left}] if left else []
    return [*kept, mine]


def _without(paths: Json, taken: Json) -> dict[str, Json]:
    if not isinstance(paths, dict) or not isinstance(taken, dict):
        return {}
    left: dict[str, Json] = {}
    for name, below in paths.items():
        if name not in taken:
            left[name] = below
        elif rest := _without(below, taken[name]):
            left[name] = rest
    return left


def _fields(tree: Manifest) -> Manifest:
    """Return the part of an object that managers own: all but its identity."""
    metadata = branch(tree, "metadata")
    fields: Manifest = {name: value for name, value in tree.items() if name not in NOT_OWNED}
    named: Manifest = {
        part: metadata[part] for part in ("labels", "annotations") if metadata.get(part)
    }
    return {**fields, "metadata": named} if named else fields


def _force(tree: Manifest, wanted: Manifest) -> None:
    for name, value in wanted.items():
        there = tree.get(name)
        if isinstance(value, dict) and isinstance(there, dict) and name not in ATOMIC:
            _force(there, value)
        else:
            tree[name] = copied({"it": value})["it"]


def _drop_given_up(tree: Manifest, before: Manifest, wanted: Manifest) -> None:
    for name, value in before.items():
        there, now = tree.get(name), wanted.get(name, _MISSING)
        if isinstance(value, dict) and value and isinstance(there, dict):
            _drop_given_up(there, value, now if isinstance(now, dict) else {})
            if not there and now is _MISSING:
                del tree[name]
        elif now is _MISSING and there == value:
            tree.pop(name, None)


def _paths(node: Json) -> Json:
    if not isinstance(node, dict):
        return {}
    return {f"f:{name}": {} if name in ATOMIC else _paths(it) for name, it in node.items()}


def _changed(before: Json, after: Json) -> Json:
    if not isinstance(before, dict) or not isinstance(after, dict):
        return {}
    return {
        f"f:{name}": {} if name in ATOMIC else _changed(before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }
