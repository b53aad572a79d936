"""Routes of the product. Who may open each is declared at its view."""

from django.urls import path

from onboarding.views import (
    after_restore,
    approval_keys,
    change,
    cluster_closing,
    connectivity,
    decisions,
    deviations,
    health,
    history,
    home,
    metrics,
    namespaces,
    platform,
    refreshes,
    request_forms,
    requests,
    signing,
    system,
)

REQUEST = "requests/<str:public_id>/"
NAMESPACE = "namespaces/<str:public_id>/"
KEY = "approval-keys/<str:public_id>/"

urlpatterns = [
    path("", home.home, name="home"),
    path("requests/", requests.request_list, name="request-list"),
    path("requests/new/", request_forms.request_new, name="request-new"),
    path("requests/preview/", request_forms.request_preview, name="request-preview"),
    path("requests/name-check/", request_forms.name_check, name="name-check"),
    path(REQUEST, requests.request_detail, name="request-detail"),
    path(f"{REQUEST}progress/", requests.request_progress, name="request-progress"),
    path(f"{REQUEST}edit/", request_forms.request_edit, name="request-edit"),
    path(f"{REQUEST}cancel/", requests.request_cancel, name="request-cancel"),
    path(f"{REQUEST}take-over/", requests.request_take_over, name="request-take-over"),
    path(f"{REQUEST}close/", requests.request_close, name="request-close"),
    path(f"{REQUEST}objects.yaml", requests.request_yaml, name="request-yaml"),
    path("approvals/", decisions.queue, name="queue"),
    path("approvals/<str:public_id>/", decisions.decision, name="decision"),
    path(
        "approvals/<str:public_id>/challenge/",
        signing.decision_challenge,
        name="decision-challenge",
    ),
    path("approval-keys/", approval_keys.approval_key_list, name="approval-key-list"),
    path("approval-keys/ask/", approval_keys.approval_key_ask, name="approval-key-ask"),
    path(
        "approval-keys/ask/challenge/",
        signing.approval_key_ask_challenge,
        name="approval-key-ask-challenge",
    ),
    path(f"{KEY}confirm/", approval_keys.approval_key_confirm, name="approval-key-confirm"),
    path(
        f"{KEY}confirm/challenge/",
        signing.approval_key_confirm_challenge,
        name="approval-key-confirm-challenge",
    ),
    path(f"{KEY}revoke/", approval_keys.approval_key_revoke, name="approval-key-revoke"),
    path("namespaces/", namespaces.namespace_list, name="namespace-list"),
    path(NAMESPACE, namespaces.namespace_detail, name="namespace-detail"),
    path(f"{NAMESPACE}policies/", namespaces.namespace_policies, name="namespace-policies"),
    path(
        f"{NAMESPACE}connectivity/",
        connectivity.namespace_connectivity,
        name="namespace-connectivity",
    ),
    path(f"{NAMESPACE}access/", namespaces.namespace_access, name="namespace-access"),
    path(f"{NAMESPACE}activity/", namespaces.namespace_activity, name="namespace-activity"),
    path(f"{NAMESPACE}revisions/", history.namespace_revisions, name="namespace-revisions"),
    path(f"{NAMESPACE}change/", change.namespace_change, name="namespace-change"),
    path(f"{NAMESPACE}adopt/", change.namespace_adopt, name="namespace-adopt"),
    path(f"{NAMESPACE}retire/", change.namespace_retire, name="namespace-retire"),
    path(f"{NAMESPACE}try-again/", namespaces.namespace_try_again, name="namespace-try-again"),
    path(
        f"{NAMESPACE}acknowledge/", deviations.namespace_acknowledge, name="namespace-acknowledge"
    ),
    path(
        f"{NAMESPACE}ask-removal/", deviations.namespace_ask_removal, name="namespace-ask-removal"
    ),
    path(f"{NAMESPACE}objects.yaml", namespaces.namespace_yaml, name="namespace-yaml"),
    path("refreshes/new/", refreshes.refresh_new, name="refresh-new"),
    path("refreshes/<str:public_id>/", refreshes.refresh_detail, name="refresh-detail"),
    path(
        "refreshes/<str:public_id>/challenge/", signing.refresh_challenge, name="refresh-challenge"
    ),
    path("refreshes/<str:public_id>/cancel/", refreshes.refresh_cancel, name="refresh-cancel"),
    path("clusters/", platform.cluster_list, name="cluster-list"),
    path("clusters/<str:public_id>/", platform.cluster_detail, name="cluster-detail"),
    path(
        "clusters/<str:public_id>/after-restore/",
        after_restore.after_restore,
        name="cluster-after-restore",
    ),
    path("clusters/<str:public_id>/close/", cluster_closing.cluster_close, name="cluster-close"),
    path("teams/", platform.team_list, name="team-list"),
    path("teams/<str:public_id>/", platform.team_detail, name="team-detail"),
    path("history/", history.event_list, name="event-list"),
    path("history/export/<str:form>/", history.event_export, name="event-export"),
    path("system/", system.system, name="system"),
    path("system/state/", system.system_state, name="system-state"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]
