"""What to do about what stands in the way, said to the one who reads it.

The table says for each reason what helps; the words then name only what is offered to this reader,
and for everything else who can do it. A test tries every state, reason and person of the cast.
"""

from dataclasses import dataclass, replace

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onboarding.domain.lifecycle import BlockedReason, NamespaceState, RetryReason
from onboarding.models import ManagedNamespace
from onboarding.queries.deciders import names_of, platform_admins
from onboarding.queries.leads import leads_of
from onboarding.queries.namespaces import (
    may_adopt,
    may_change,
    may_retire,
    may_try_again,
    uid_to_remove,
)
from onboarding.queries.permissions import Permissions
from onboarding.queries.portals import holder_of


@dataclass(frozen=True)
class Remedy:
    """What happened, and what helps.

    `on_cluster` is for somebody with rights there, and completes "Ask … to". `again` says what
    trying again does where nothing has to be done before. A change may help; taking over again
    and retiring are named wherever they are offered.
    """

    happened: str | Promise
    on_cluster: str | Promise = ""
    again: str | Promise = ""


@dataclass(frozen=True)
class Guidance:
    """Sentences for this reader, and whether they may have it tried again.

    `who` says who has to do something, whoever reads it; "" where nobody has to.
    """

    sentences: tuple[str, ...] = ()
    may_try_again: bool = False
    who: str = ""

    def __str__(self) -> str:
        """Return the sentences as one text."""
        return " ".join(self.sentences)


REMEDIES: dict[str, Remedy] = {
    BlockedReason.TAKEN: Remedy(
        gettext_lazy(
            "A namespace of this name is on the cluster, and this portal’s database does not know "
            "it. Nothing was written to it."
        ),
        on_cluster=gettext_lazy(
            "find out whose it is, and have its owner remove it from the cluster"
        ),
    ),
    BlockedReason.UID_CHANGED: Remedy(
        gettext_lazy(
            "Somebody deleted the namespace and made another of the same name. Nothing was "
            "changed in that one."
        ),
        on_cluster=gettext_lazy("find out which of them is meant, and have the other one removed"),
    ),
    BlockedReason.REFUSED: Remedy(
        gettext_lazy("The API server refused an object, in the words above."),
        on_cluster=gettext_lazy("lift what stands in the way on the cluster"),
    ),
    BlockedReason.NOT_AS_PLANNED: Remedy(
        gettext_lazy(
            "What the cluster stored is not what was approved; something changes objects on their "
            "way in."
        ),
        on_cluster=gettext_lazy("find it and have it leave namespaces of Bulkhead alone"),
    ),
    BlockedReason.TEAM_MAY_WRITE_POLICY: Remedy(
        gettext_lazy(
            "Another grant on the cluster lets the team’s group write policy, which would undo the "
            "isolation."
        ),
        on_cluster=gettext_lazy("remove that grant from the cluster"),
    ),
    BlockedReason.RESTORED: Remedy(
        gettext_lazy(
            "Nothing is written to it until approvers have seen how it differs. The access that "
            "came back with it stands meanwhile."
        ),
    ),
    BlockedReason.FORGOTTEN: Remedy(
        gettext_lazy(
            "Nothing is written to it until approvers have seen how it differs. Who has access in "
            "it keeps that meanwhile."
        ),
    ),
    BlockedReason.NEWER_ON_CLUSTER: Remedy(
        gettext_lazy(
            "The cluster holds something this portal does not remember, so its pages may be wrong "
            "about this namespace."
        ),
        on_cluster=gettext_lazy("find out whether the portal’s database was restored"),
    ),
    BlockedReason.REAPPEARED: Remedy(
        gettext_lazy(
            "It was removed by request and lives again, probably by a backup of the cluster."
        ),
        again=gettext_lazy("the approved removal then runs anew"),
    ),
    BlockedReason.NOT_APPROVED: Remedy(
        gettext_lazy(
            "What the database says was approved does not check out, so the worker applies none of "
            "it. Somebody may have changed rows behind the portal."
        ),
    ),
}
# Its removal was approved, and then it was restored.
REMOVE_AGAIN = Remedy(
    gettext_lazy(
        "Its removal was approved, and it came back meanwhile with another uid, probably by a "
        "backup."
    ),
    again=gettext_lazy("what came back is removed as well"),
)
# The name is taken by what carries marks, as the newest look at the cluster says.
OURS_UNKNOWN = Remedy(
    gettext_lazy(
        "A namespace of this name is on the cluster. This portal made it, and its database does "
        "not know it any more; probably the database was restored to before. Nothing was written "
        "to it, and who has access in it keeps that."
    ),
    on_cluster=gettext_lazy(
        "put a newer backup of the database in place, have the team it was made for ask for it, or "
        "delete that namespace from the cluster with all that is in it"
    ),
)
OF_ANOTHER_PORTAL = Remedy(
    gettext_lazy(
        "A namespace of this name is on the cluster, and another Bulkhead made it. Nothing was "
        "written to it."
    ),
    on_cluster=gettext_lazy("have it retired there, by who uses that Bulkhead"),
)
UNKNOWN = Remedy(gettext_lazy("The words above are all that is known."))


def guidance_for(row: ManagedNamespace, permissions: Permissions) -> Guidance:
    """Return what helps a namespace that waits, in words for this reader; nothing for others."""
    is_lead, may_try = row.team_id in permissions.leads, may_try_again(permissions, row)
    if row.state == NamespaceState.RETRYING.value:
        return Guidance(_retrying(row, permissions), may_try)
    if row.state != NamespaceState.BLOCKED.value:
        return Guidance((), may_try)
    remedy = _remedy(row)
    said = [str(remedy.happened), _on_cluster(remedy, permissions, may_try=may_try)]
    said.append(_again(row, remedy, may_try=may_try))
    said.append(_requests(row, permissions) if is_lead else _what_leads_may(row, permissions))
    return Guidance(tuple(line for line in said if line), may_try, _who_acts(remedy))


def _who_acts(remedy: Remedy) -> str:
    """Say who ends it: whoever has rights on the cluster, or who may ask in the portal."""
    if remedy.on_cluster or remedy is UNKNOWN:
        return _("Blocked: a platform admin must act")
    if remedy.again:
        return _("Blocked: a lead of the team or a platform admin must act")
    return _("Blocked: a lead of the team must act")


def _retrying(row: ManagedNamespace, permissions: Permissions) -> tuple[str, ...]:
    """Say who mends what the portal cannot; () where trying again is all there is to it."""
    if row.reason != RetryReason.WEBHOOK_DOWN:
        return ()
    what = _("find out who runs that webhook: it has to answer, or be taken away")
    if permissions.is_platform_admin:
        return (f"{what[:1].upper()}{what[1:]}.",)
    return (_("Ask %(who)s to %(what)s.") % {"who": _admins(), "what": what},)


def _remedy(row: ManagedNamespace) -> Remedy:
    if row.reason == BlockedReason.RESTORED.value and uid_to_remove(row):
        return REMOVE_AGAIN
    if row.reason == BlockedReason.TAKEN.value:
        return _taken(row)
    return REMEDIES.get(row.reason, UNKNOWN)


def _taken(row: ManagedNamespace) -> Remedy:
    """Return what helps against what has the name: that depends on who made it."""
    holder = holder_of(row.cluster, row.name)
    if holder is None or not holder.portal:
        return REMEDIES[BlockedReason.TAKEN]
    return OURS_UNKNOWN if holder.is_ours else OF_ANOTHER_PORTAL


def _on_cluster(remedy: Remedy, permissions: Permissions, *, may_try: bool) -> str:
    """Say what is to be done on the cluster: to who can, or whom to ask."""
    what = str(remedy.on_cluster)
    if not what:
        return ""
    if permissions.is_platform_admin:
        said = f"{what[:1].upper()}{what[1:]}."
    else:
        said = _("Ask %(who)s to %(what)s.") % {"who": _admins(), "what": what}
    return f"{said} {_('When that is done, press Try again.')}" if may_try else said


def _again(row: ManagedNamespace, remedy: Remedy, *, may_try: bool) -> str:
    """Say what trying again does, where nothing has to be done before; or who can."""
    if not remedy.again:
        return ""
    if may_try:
        return _("You can press Try again: %(then)s.") % {"then": remedy.again}
    leads = names_of(leads_of(row.team), last=_("or"))
    known = {"who": _(" or ").join(filter(None, [leads, _admins()])), "then": remedy.again}
    return _("%(who)s can have it tried again: %(then)s.") % known


def _requests(row: ManagedNamespace, permissions: Permissions) -> str:
    """Say which requests the lead may make now."""
    said = []
    if may_adopt(permissions, row):
        said.append(_("You can ask to take it over again."))
    if may_change(permissions, row):
        said.append(_("You can request a change, so that something else is asked for."))
    if may_retire(permissions, row):
        is_taken = row.reason == BlockedReason.TAKEN.value
        other = _("You can retire it, and ask for another name.")
        said.append(other if is_taken else _("You can retire it."))
    return " ".join(said)


def _what_leads_may(row: ManagedNamespace, permissions: Permissions) -> str:
    """Say which requests a lead of the team may make now, and who that is."""
    as_lead = replace(permissions, leads=frozenset({row.team_id}))
    ways = [
        _("take it over again") if may_adopt(as_lead, row) else "",
        _("change it") if may_change(as_lead, row) else "",
        _("retire it") if may_retire(as_lead, row) else "",
    ]
    offered = [way for way in ways if way]
    if not offered:
        return ""
    leads = names_of(leads_of(row.team), last=_("or"))
    if not leads:
        return _("Team %(team)s has no lead who could ask for anything.") % {"team": row.team}
    return _("%(leads)s can ask to %(ways)s.") % {"leads": leads, "ways": _(" or ").join(offered)}


def _admins() -> str:
    names = names_of(platform_admins(), last=_("or"))
    return _("%(names)s (platform admin)") % {"names": names} if names else _("who runs the portal")
