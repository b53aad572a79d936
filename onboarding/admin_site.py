"""The admin site: who enters it, and how every change made in it becomes an event.

Entry depends on a RoleAssignment row, not on Django's staff flag, so that one page says who may.
It has no sign-in of its own: who is not signed in goes to the portal's, with its second factor.
Django runs each admin form in one transaction, so change and event stand or fall together.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.db.models import Model
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from onboarding.domain.actions import Action
from onboarding.domain.objects import Json
from onboarding.domain.refusals import Forbidden
from onboarding.models import User
from onboarding.queries.permissions import permissions_of
from onboarding.services.client_address import client_address
from onboarding.services.clock import database_now
from onboarding.services.history import Actor, actor_for
from onboarding.services.recorded_rows import record_row

# Generic for the type checker only: Django's own classes take no parameters when they run.
if TYPE_CHECKING:
    RowAdmin = admin.ModelAdmin[Any]
    RowsInline = admin.TabularInline[Any, Any]
    RowsFormSet = BaseInlineFormSet[Any, Any, Any]
else:
    RowAdmin = admin.ModelAdmin
    RowsInline = admin.TabularInline
    RowsFormSet = BaseInlineFormSet

# Values that history must not hold; that they changed is enough.
SECRET_FIELDS = frozenset({"password", "credential"})


class BulkheadAdminSite(admin.AdminSite):
    """For platform admins only."""

    site_title = _("Bulkhead admin")
    site_header = _("Bulkhead admin: people, teams, clusters")
    index_title = _("Every change here is an event in history")

    def has_permission(self, request: HttpRequest) -> bool:
        """Tell whether the person is an active platform admin now."""
        return is_platform_admin(request)

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: "type[RowAdmin] | None" = None,
        **options: Any,
    ) -> None:
        """Take the portal's own models; others would be edited without an event."""
        models = [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        own = [model for model in models if model._meta.app_label == User._meta.app_label]  # noqa: SLF001  # Django's documented name
        super().register(own, admin_class, **options)

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def login(
        self,
        request: HttpRequest,
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002  # Django's signature
    ) -> HttpResponse:
        """Send the person to the portal's sign-in, or to the page they wanted."""
        wanted = request.GET.get(REDIRECT_FIELD_NAME, "")
        if not url_has_allowed_host_and_scheme(wanted, {request.get_host()}):
            wanted = reverse("admin:index", current_app=self.name)
        if not request.user.is_authenticated:
            return redirect_to_login(wanted, resolve_url(settings.LOGIN_URL))
        if not self.has_permission(request):
            raise Forbidden(_("The admin site is for platform admins."))
        return redirect(wanted)

    def password_change(  # type: ignore[override]  # a redirect is no template
        self,
        request: HttpRequest,  # noqa: ARG002  # Django's signature
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002  # Django's signature
    ) -> HttpResponse:
        """Send the person to the account page of the portal."""
        return redirect("account_change_password")


def is_platform_admin(request: HttpRequest) -> bool:
    """Tell whether the person behind the request is an active platform admin."""
    user: User | AnonymousUser = request.user
    return isinstance(user, User) and user.is_active and permissions_of(user).is_platform_admin


class PlatformAdminsOnly:
    """Permissions of a model by role: all or nothing. For ModelAdmin and its inlines."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Tell whether the model is listed."""
        return is_platform_admin(request)

    def has_view_permission(self, request: HttpRequest, _obj: Model | None = None) -> bool:
        """Tell whether rows may be read."""
        return is_platform_admin(request)

    def has_add_permission(self, request: HttpRequest, _obj: Model | None = None) -> bool:
        """Tell whether rows may be added."""
        return is_platform_admin(request)

    def has_change_permission(self, request: HttpRequest, _obj: Model | None = None) -> bool:
        """Tell whether rows may be changed."""
        return is_platform_admin(request)

    def has_delete_permission(self, request: HttpRequest, _obj: Model | None = None) -> bool:
        """Tell whether rows may be removed."""
        return is_platform_admin(request)


class ReadOnly(PlatformAdminsOnly):
    """Rows that services alone write."""

    def has_add_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Never."""
        return False


class RecordedAdmin(PlatformAdminsOnly, RowAdmin):
    """Writes an event for every row added, changed or removed, inlines included."""

    actions: Sequence[str] | None = None

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Save and record what changed; nothing is recorded where nothing did."""
        before = form.initial if change else {}
        super().save_model(request, obj, form, change)
        changed = changes(before, form.cleaned_data, form.changed_data)
        if changed or not change:
            write(request, Action.ROW_CHANGED if change else Action.ROW_ADDED, obj, changed)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        """Record first, while the row still says what it was; then remove it."""
        write(request, Action.ROW_REMOVED, obj, {})
        super().delete_model(request, obj)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Save the rows of an inline and record each."""
        for removed in formset.deleted_forms:
            if removed.instance.pk:
                write(request, Action.ROW_REMOVED, removed.instance, {})
        super().save_formset(request, form, formset, change)
        for added in formset.new_objects:
            write(request, Action.ROW_ADDED, added, {})
        by_row = {row.instance.pk: row for row in formset.initial_forms}
        for row, names in formset.changed_objects:
            found = by_row[row.pk]
            if changed := changes(found.initial, found.cleaned_data, names):
                write(request, Action.ROW_CHANGED, row, changed)


def changes(before: dict[str, Any], after: dict[str, Any], names: Iterable[str]) -> dict[str, Json]:
    """Return {field: {"before": …, "after": …}}; secrets are only named."""
    found: dict[str, Json] = {}
    for name in names:
        if any(secret in name for secret in SECRET_FIELDS):
            found[name] = "changed"
            continue
        was, becomes = plain(before.get(name)), plain(after.get(name))
        if was != becomes:  # Django calls a mapping changed when only its spelling differs
            found[name] = {"before": was, "after": becomes}
    return found


def plain(value: object) -> Json:
    """Return a form value as JSON: rows by their name, everything unknown as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Model):
        return str(value)
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return str(value)


def write(request: HttpRequest, action: Action, row: Model, changed: dict[str, Json]) -> None:
    """Record one change of a row. Runs inside the transaction of the admin's form."""
    record_row(action, row, changed, actor=acting_in(request), now=database_now())


def acting_in(request: HttpRequest) -> Actor:
    """Return the person behind a request to the admin site, as history knows them."""
    user = request.user
    if not isinstance(user, User):
        raise TypeError("the admin site is for people who are signed in")
    return actor_for(user, via="admin", ip=client_address(request.META))
