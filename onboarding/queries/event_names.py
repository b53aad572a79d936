"""The names that history can be narrowed to: for pick lists, and to refuse what is none of them.

Whoever is no longer there stays in history, so a name counts as known as well if any event has it.
Each look goes by an index.
"""

from collections.abc import Callable, Iterator, Mapping

from onboarding.models import Cluster, Event, ManagedNamespace, Request, Team, User

# What a pick list offers at most; every other name can be written.
OFFERED = 500
NOT_PEOPLE = ("System", "Console", "Somebody")


def names_offered() -> dict[str, list[str]]:
    """Return the names of each pick list, by field. Four queries."""
    namespaces = ManagedNamespace.objects.order_by("name").values_list("name", flat=True)
    teams = Team.objects.order_by("slug").values_list("slug", flat=True)
    clusters = Cluster.objects.order_by("name").values_list("name", flat=True)
    return {
        "actor": sorted({*NOT_PEOPLE, *_people()}, key=str.casefold)[:OFFERED],
        "team": list(teams[:OFFERED]),
        "namespace": list(namespaces.distinct()[:OFFERED]),
        "cluster": list(clusters[:OFFERED]),
    }


def known_name(field: str, written: str) -> str:
    """Return a name as history spells it, whatever its case; "" for one that it does not know."""
    return _KNOWN[field](written)


def _people() -> Iterator[str]:
    people = User.objects.only("first_name", "last_name", "username").order_by("pk")
    return (person.label for person in people.iterator())


def _actor(written: str) -> str:
    every = {name.casefold(): name for name in (*_people(), *NOT_PEOPLE)}
    return _in_history("actor", written) or every.get(written.casefold(), "")


def _team(written: str) -> str:
    slug = written.lower()
    return slug if Team.objects.filter(slug=slug).exists() else _in_history("team", written)


def _namespace(written: str) -> str:
    name = written.lower()
    asked = Request.objects.filter(name=name)
    is_known = asked.exists() or ManagedNamespace.objects.filter(name=name).exists()
    return name if is_known else ""


def _cluster(written: str) -> str:
    name = written.lower()
    return name if Cluster.objects.filter(name=name).exists() else _in_history("cluster", written)


def _request(written: str) -> str:
    label = f"REQ-{written.upper().removeprefix('REQ-')}"
    is_known = Request.objects.filter(public_id=label.removeprefix("REQ-")).exists()
    return label if is_known else _in_history("request", label)


def _in_history(column: str, name: str) -> str:
    return name if Event.objects.filter(**{column: name}).exists() else ""


_KNOWN: Mapping[str, Callable[[str], str]] = {
    "actor": _actor,
    "team": _team,
    "namespace": _namespace,
    "cluster": _cluster,
    "request": _request,
}
