"""The rows behind the pages of people, teams and clusters, for support, and the record to read.

No decision is made here and no credential is shown: requests, decisions, events and revisions are
read only, and a cluster is registered by the prepare_cluster command alone. People are never
removed, and nobody types a password for somebody else: an account is made and invited, switched off
and on, on the pages of people.
"""

from typing import TYPE_CHECKING, Any

from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from onboarding.admin_site import (
    PlatformAdminsOnly,
    ReadOnly,
    RecordedAdmin,
    RowAdmin,
    RowsFormSet,
    RowsInline,
    acting_in,
    write,
)
from onboarding.domain.actions import Action
from onboarding.domain.refusals import Forbidden
from onboarding.forms.administration import ClusterForm, IngressSourceForm, TeamForm
from onboarding.forms.people import PersonForm
from onboarding.models import (
    Cluster,
    Decision,
    Event,
    IngressSource,
    ManagedNamespace,
    Membership,
    Request,
    Revision,
    RoleAssignment,
    Team,
    User,
)
from onboarding.services.clock import database_now
from onboarding.services.outdated import note_outdated
from onboarding.services.people import check_some_admin, follow_address, lock_administration

# Importing UserAdmin builds the admin site, so it cannot stand beside the site's own class.
if TYPE_CHECKING:
    AccountAdmin = UserAdmin[User]
else:
    AccountAdmin = UserAdmin


class MembershipInline(PlatformAdminsOnly, RowsInline):
    """Who is in a team, and as what."""

    model = Membership
    extra = 0
    autocomplete_fields = ["user"]


class RoleRows(RowsFormSet):
    """A person's roles. Somebody stays platform admin, as services/people.py says."""

    def save(self, commit: bool = True) -> Any:  # noqa: FBT001, FBT002  # Django's signature
        """Save them, one admin after the other. Raises LastAdmin, which undoes the whole form."""
        if commit:
            lock_administration()
        saved = super().save(commit=commit)
        if commit:
            check_some_admin()
        return saved


class RoleInline(PlatformAdminsOnly, RowsInline):
    """A person's lanes and roles beyond teams."""

    model = RoleAssignment
    formset = RoleRows
    extra = 0


class IngressSourceInline(PlatformAdminsOnly, RowsInline):
    """From where a cluster's namespaces may be exposed."""

    model = IngressSource
    form = IngressSourceForm
    extra = 0


@admin.register(User)
class PersonAdmin(RecordedAdmin, AccountAdmin):
    """People. What they may do stands in their roles and teams, never in Django's own flags."""

    form = PersonForm
    list_display = ["username", "label", "email", "is_active", "second_factor"]
    list_filter = ["is_active"]
    search_fields = ["username", "first_name", "last_name", "email"]
    fieldsets = [
        (None, {"fields": ["username", "first_name", "last_name", "email", "is_active"]}),
    ]
    filter_horizontal = []
    readonly_fields = ["is_active"]
    inlines = [RoleInline]

    def has_add_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Never: people are invited on the page of people."""
        return False

    def has_delete_permission(self, request: HttpRequest, _obj: Model | None = None) -> bool:  # noqa: ARG002  # Django's signature
        """Never: make the person inactive instead."""
        return False

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Save and record; a new address is the account's from now on, the old one is not."""
        super().save_model(request, obj, form, change)
        if isinstance(obj, User) and "email" in form.changed_data:
            before, now = str(form.initial.get("email", "")), database_now()
            follow_address(obj, before, actor=acting_in(request), now=now)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Add whether the person has a second factor."""
        factors = Authenticator.objects.filter(user=OuterRef("pk"))
        people: QuerySet[User] = super().get_queryset(request).annotate(has_factor=Exists(factors))
        return people

    @admin.display(boolean=True, description=_("second factor"))
    def second_factor(self, person: User) -> bool:
        """Tell whether signing in asks the person for more than the password."""
        return bool(person.has_factor)  # type: ignore[attr-defined]  # annotated above

    def user_change_password(
        self,
        request: HttpRequest,  # noqa: ARG002  # Django's signature
        id: str,  # noqa: A002, ARG002  # Django's signature
        form_url: str = "",  # noqa: ARG002  # Django's signature
    ) -> HttpResponse:
        """Never: a person sets their own password, by a link that is mailed to them."""
        raise Forbidden(
            "Nobody types a password for somebody else. Invite the person again, or "
            "let them ask for a link on the sign-in page."
        )


@admin.register(Team)
class TeamAdmin(RecordedAdmin):
    """Teams: people and one access group."""

    form = TeamForm
    list_display = ["slug", "access_group"]
    search_fields = ["slug", "access_group"]
    fields = ["slug", "access_group"]
    inlines = [MembershipInline]

    def get_readonly_fields(self, _request: HttpRequest, obj: Model | None = None) -> list[str]:
        """A team keeps its name: requests, labels and history hold it as text."""
        return ["slug"] if obj else []

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Save the people, and note which namespaces still bind another group."""
        super().save_related(request, form, formsets, change)
        rows = ManagedNamespace.objects.filter(team=form.instance)
        note_outdated(rows, now=database_now())

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        """Record that its people leave it, then remove it."""
        for membership in Membership.objects.filter(team=obj.pk):
            write(request, Action.ROW_REMOVED, membership, {})
        super().delete_model(request, obj)


@admin.register(Cluster)
class ClusterAdmin(RecordedAdmin):
    """Facts that plans use, and ingress sources. Condition and credential are the workers'.

    Address and certificate authority are read only: the credential is bound to them, and only the
    prepare_cluster command changes them.
    """

    form = ClusterForm
    list_display = ["name", "api_server", "condition", "last_seen_at"]
    fields = [
        "name",
        "api_server",
        "ca_pem",
        "dns_namespace",
        "dns_labels",
        "ranges",
        "group_prefix",
    ]
    readonly_fields = ["name", "api_server", "ca_pem"]
    inlines = [IngressSourceInline]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Save the ingress sources, and note which namespaces were rendered with other facts."""
        super().save_related(request, form, formsets, change)
        rows = ManagedNamespace.objects.filter(cluster=form.instance)
        note_outdated(rows, now=database_now())

    def has_add_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Never: the prepare_cluster command registers a cluster."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Never: namespaces and history name it."""
        return False


@admin.register(Request)
class RequestAdmin(ReadOnly, RowAdmin):
    """Requests, to read."""

    list_display = ["label", "kind", "state", "team", "name", "cluster", "requester"]
    list_filter = ["state", "kind"]
    search_fields = ["public_id", "name"]
    list_select_related = ["team", "cluster", "requester"]


@admin.register(Decision)
class DecisionAdmin(ReadOnly, RowAdmin):
    """Decisions, to read. They are made on the approval page and nowhere else."""

    list_display = ["request", "lane", "vote", "person", "decided_at", "voided_at"]
    list_filter = ["lane", "vote"]
    list_select_related = ["request", "person"]


@admin.register(Event)
class EventAdmin(ReadOnly, RowAdmin):
    """History, to read. The history page has the better filters."""

    list_display = ["id", "at", "actor", "action", "object_label", "team"]
    search_fields = ["actor", "object_label", "team"]
    show_full_result_count = False


@admin.register(Revision)
class RevisionAdmin(ReadOnly, RowAdmin):
    """What was approved, to read."""

    list_display = ["namespace", "number", "digest", "created_at"]
    list_select_related = ["namespace"]
