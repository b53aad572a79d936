"""Rows and the constraints that refuse bad ones; no behaviour."""

from onboarding.models.approval_keys import ApprovalKey, ApprovalKeyWord, DecisionSignature
from onboarding.models.breaks import HistoryBreak
from onboarding.models.clusters import Cluster, ClusterClosure, IngressSource
from onboarding.models.deviations import Deviation
from onboarding.models.events import Event
from onboarding.models.guards import ClusterGuards
from onboarding.models.help_contacts import HelpContact
from onboarding.models.installation import Installation
from onboarding.models.kept_forms import KeptForm, StartedForm
from onboarding.models.namespaces import ManagedNamespace, Revision, Run, Step
from onboarding.models.notices import LifetimeWarning, Notice, NoticePreference, OutboxEntry
from onboarding.models.observations import ClusterObservation, NamespaceObservation
from onboarding.models.people import Membership, RoleAssignment, Team, User
from onboarding.models.processes import Heartbeat
from onboarding.models.refreshes import Refresh
from onboarding.models.requests import (
    Decision,
    DecisionPicture,
    EarlierApproval,
    Request,
    RequestAuthor,
    RequestLane,
    Vote,
)
from onboarding.models.suggestions import Suggestion
from onboarding.models.write_probe import WriteProbe

__all__ = [
    "ApprovalKey",
    "ApprovalKeyWord",
    "Cluster",
    "ClusterClosure",
    "ClusterGuards",
    "ClusterObservation",
    "Decision",
    "DecisionPicture",
    "DecisionSignature",
    "Deviation",
    "EarlierApproval",
    "Event",
    "Heartbeat",
    "HelpContact",
    "HistoryBreak",
    "IngressSource",
    "Installation",
    "KeptForm",
    "LifetimeWarning",
    "ManagedNamespace",
    "Membership",
    "NamespaceObservation",
    "Notice",
    "NoticePreference",
    "OutboxEntry",
    "Refresh",
    "Request",
    "RequestAuthor",
    "RequestLane",
    "Revision",
    "RoleAssignment",
    "Run",
    "StartedForm",
    "Step",
    "Suggestion",
    "Team",
    "User",
    "Vote",
    "WriteProbe",
]
