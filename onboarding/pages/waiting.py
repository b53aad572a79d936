"""What a page says of a wait for Kubernetes: since when, what holds it, who can lift it, and how.

Built from what a worker last saw (`held_by`). The lines for `kubectl` name nothing that others
wrote except types of objects, which are checked as they are read (domain/holds.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.domain.holds import Hold, HoldKind, load_holds
from onboarding.domain.lifecycle import RetryReason
from onboarding.models import ManagedNamespace
from onboarding.queries.namespaces import may_try_again
from onboarding.queries.permissions import Permissions

COLUMNS = "custom-columns=KIND:.kind,NAME:.metadata.name,FINALIZERS:.metadata.finalizers"
NO_FINALIZERS = """--type=merge -p '{"metadata":{"finalizers":null}}'"""


@dataclass(frozen=True)
class HoldLine:
    """One thing that holds it. `see` and `lift` are commands; "" where none is safe to give."""

    what: str
    names: tuple[str, ...]
    who: str
    see: str
    lift: str = ""


@dataclass(frozen=True)
class WaitingPage:
    """A wait as a page shows it. `why` is not empty where somebody else began it."""

    namespace: ManagedNamespace
    lines: list[HoldLine]
    why: str
    is_stuck: bool
    may_try_again: bool


def waiting_page(row: ManagedNamespace | None, permissions: Permissions) -> WaitingPage | None:
    """Return what is waited for, or None where nothing is."""
    if row is None or row.waiting_since is None:
        return None
    holds = load_holds(row.held_by)
    return WaitingPage(
        namespace=row,
        lines=[_LINES[one.kind](row.name, one, holds) for one in holds if _is_told(one, holds)],
        why=str(_DELETED_BY_OTHERS) if row.reason == RetryReason.TERMINATING else "",
        is_stuck=row.stuck_at is not None,
        may_try_again=may_try_again(permissions, row),
    )


def _is_told(hold: Hold, holds: Sequence[Hold]) -> bool:
    """Content that finalizers hold is told with them, once."""
    kinds = {one.kind for one in holds}
    return hold.kind is not HoldKind.CONTENT or HoldKind.CONTENT_FINALIZERS not in kinds


_DELETED_BY_OTHERS = gettext_lazy(
    "Somebody deleted the namespace on the cluster. Once Kubernetes has finished, it is made "
    "again, empty."
)
_THE_CONTROLLER = gettext_lazy(
    "The controller that set it takes it off when its own work is done. If that controller is "
    "gone, an administrator of the cluster can take it off; what it was to clean up then stays."
)


def _own_finalizers(name: str, hold: Hold, _holds: Sequence[Hold]) -> HoldLine:
    return HoldLine(
        what=_("Finalizers on the namespace itself"),
        names=hold.names,
        who=str(_THE_CONTROLLER),
        see=f"kubectl get namespace {name} -o jsonpath='{{.metadata.finalizers}}'",
        lift=f"kubectl patch namespace {name} {NO_FINALIZERS}",
    )


def _spec_finalizers(name: str, hold: Hold, _holds: Sequence[Hold]) -> HoldLine:
    return HoldLine(
        what=_("Finalizers in the namespace’s spec"),
        names=hold.names,
        who=str(_THE_CONTROLLER),
        see=f"kubectl get namespace {name} -o jsonpath='{{.spec.finalizers}}'",
    )


def _content_finalizers(name: str, hold: Hold, holds: Sequence[Hold]) -> HoldLine:
    types = ",".join(kind for one in holds if one.kind is HoldKind.CONTENT for kind in one.names)
    return HoldLine(
        what=_("Finalizers on objects in the namespace"),
        names=hold.names,
        who=str(_THE_CONTROLLER),
        see=f"kubectl -n {name} get {types or 'TYPE'} -o {COLUMNS}",
        lift=f"kubectl -n {name} patch TYPE OBJECT {NO_FINALIZERS}",
    )


def _content(name: str, hold: Hold, _holds: Sequence[Hold]) -> HoldLine:
    return HoldLine(
        what=_("Objects that are still there"),
        names=hold.names,
        who=_("Kubernetes removes them; what it waits for stands with each of them."),
        see=f"kubectl -n {name} get {','.join(hold.names)}",
    )


def _silent_apis(_name: str, hold: Hold, _holds: Sequence[Hold]) -> HoldLine:
    return HoldLine(
        what=_("An API of the cluster that does not answer"),
        names=hold.names,
        who=_(
            "Until it answers, no namespace of the cluster can end. Whoever runs it mends it, or "
            "an administrator of the cluster removes its APIService."
        ),
        see="kubectl get apiservices",
    )


def _pods(name: str, hold: Hold, _holds: Sequence[Hold]) -> HoldLine:
    return HoldLine(
        what=_("Pods that have not ended"),
        names=hold.names,
        who=_(
            "Their node ends them. If it does not, the portal goes on to the deletion of the "
            "namespace by itself; nothing new starts meanwhile, and deny-all stands."
        ),
        see=f"kubectl -n {name} get pods -o wide",
    )


_LINES: dict[HoldKind, Callable[[str, Hold, Sequence[Hold]], HoldLine]] = {
    HoldKind.NAMESPACE_FINALIZERS: _own_finalizers,
    HoldKind.SPEC_FINALIZERS: _spec_finalizers,
    HoldKind.CONTENT_FINALIZERS: _content_finalizers,
    HoldKind.CONTENT: _content,
    HoldKind.SILENT_APIS: _silent_apis,
    HoldKind.PODS: _pods,
}
