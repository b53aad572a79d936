"""Answers the request form, whoever put it on the desk: shows, previews, keeps or sends it.

Shared by the views of new, edited and changed requests; views do not import each other. Whatever is
answered, the form on the page holds what was typed.
"""

import uuid
from dataclasses import dataclass, replace
from typing import cast

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from onboarding.domain.lifecycle import RequestState
from onboarding.domain.refusals import Conflict, Invalid
from onboarding.domain.spec import MAX_OPENINGS
from onboarding.forms.namespace_request import NamespaceRequestForm
from onboarding.forms.opening_rows import rows_in, with_a_row
from onboarding.models import Request, StartedForm
from onboarding.pages.form_conflict import (
    FormConflict,
    changed_meanwhile,
    refused_now,
    saved_meanwhile,
    sent_before,
)
from onboarding.pages.opening_rows import offered_templates, rows_of_form
from onboarding.pages.plain_words import name_remark
from onboarding.pages.request_desk import Desk
from onboarding.pages.request_preview import build_preview
from onboarding.queries.progress import returned_with, taken_over_with
from onboarding.services.clock import database_now
from onboarding.services.kept_forms import forget_started, keep_started, started
from onboarding.services.submit import save_draft, submit
from onboarding.views.access import SignedIn
from onboarding.views.actors import by
from onboarding.views.pending import kept_for
from onboarding.views.posted import only

ACTIONS = frozenset({"submit", "draft", "preview"})
ROWS = frozenset({"add", "remove"})  # what the buttons of openings send
FEW = 3
# What stands under "More", with an answer that will do for most.
MORE = frozenset({"team", "cluster", "project", "size", "scope", "lifetime"})


@dataclass(frozen=True)
class _Shown:
    """How the form is shown: with its errors, with why it could not be stored, or plain."""

    has_errors: bool = False
    conflict: FormConflict | None = None
    begun: StartedForm | None = None

    @property
    def status(self) -> int:
        """Return what the page answers."""
        if self.conflict:
            return 409
        return 422 if self.has_errors else 200


def answer(request: SignedIn, desk: Desk, template: str) -> HttpResponse:
    """Show the form; POST previews, keeps or sends it. In error it answers 422, too late 409."""
    if request.method != "POST":
        return _open(request, desk, template)
    only(request, *desk.takes(request.POST), "action", *ROWS)
    if not ROWS.isdisjoint(request.POST):
        form = _with_other_rows(desk, request.POST)
        keep_started(request.user.pk, desk.name, _of(form), now=desk.offer.now)
        return _page(request, desk, form, template, _Shown())
    return _judged(request, desk, template)


def _judged(request: SignedIn, desk: Desk, template: str) -> HttpResponse:
    action = request.POST.get("action", "submit")
    if action not in ACTIONS:
        raise SuspiciousOperation(f"Unknown action: {action[:40]}")
    form = desk.form(request.POST, is_draft=action == "draft")
    is_valid = form.is_valid()
    if action == "preview":
        form = _again(desk, request.POST)
        form.set_end()
        return _page(request, desk, form, template, _Shown())
    # After the form was judged: a twin stored until then is what its name is taken by.
    if known := already_sent(request):
        return _twin(request, desk, form, known, template)
    if conflict := _too_late(desk, form):
        return _page(request, desk, _again(desk, request.POST), template, _Shown(conflict=conflict))
    if not is_valid:
        said = [str(words) for words in form.errors.get("lifetime", ())]
        if said and form.set_end():  # sent by another click only, with the end that is shown
            form.add_error("lifetime", said)
        return _wrong(request, desk, form, template)
    return _store(request, desk, form, template)


def already_sent(request: SignedIn) -> Request | None:
    """Return what the same rendered form became before (double click, lost answer), or None."""
    mine = Request.objects.filter(requester=request.user)
    return mine.filter(form_key=request.POST.get("form_key", "")[:40]).first()


def _open(request: SignedIn, desk: Desk, template: str) -> HttpResponse:
    """Show the form as it starts, or with what its person had begun and wants to go on with."""
    if (fields := kept_for(request)) is not None:
        desk = replace(desk, rows=fields)
    begun = started(request.user.pk, desk.name, now=desk.offer.now)
    if begun is None or "go_on" not in request.GET:
        return _page(request, desk, desk.form(), template, _Shown(begun=begun))
    typed = QueryDict(mutable=True)
    for name, value in begun.fields:
        typed.appendlist(name, value)
    for name in set(typed) - desk.takes(typed):
        del typed[name]
    form = desk.form(typed)
    form.is_valid()
    return _page(request, desk, form, template, _Shown())


def _with_other_rows(desk: Desk, posted: QueryDict) -> NamespaceRequestForm:
    """Return the form with one opening more, or one less, and all that was typed."""
    typed, catalogue = posted.copy(), desk.offer.catalogue
    for row in rows_in(typed, catalogue):
        for name in row.names_in(posted) if str(row.number) == posted.get("remove") else ():
            typed.pop(name, None)
    added = with_a_row(typed, posted.get("add", ""), catalogue)
    for name, value in added.items():
        typed[name] = value
    form = desk.form(typed)
    form.is_valid()
    form.forgive(rows_in(added, catalogue))
    return form


def _of(form: NamespaceRequestForm) -> list[tuple[str, str]]:
    """Return what stands in a form, field by field."""
    typed = cast("QueryDict", form.data)
    return [(name, value) for name, values in typed.lists() for value in values]


def _again(desk: Desk, posted: QueryDict, *, is_new: bool = False) -> NamespaceRequestForm:
    """Return the form with what was typed, to be sent over what stands now."""
    typed = posted.copy()
    typed["version"] = desk.version
    if is_new:
        typed["form_key"] = uuid.uuid4().hex
    form = desk.form(typed)
    form.is_valid()
    return form


def _too_late(desk: Desk, form: NamespaceRequestForm) -> FormConflict | None:
    """Return what was stored since the form was opened, where something was."""
    seen = form.cleaned_data.get("version", "")
    if not seen or seen == desk.version:
        return None
    if desk.editing:
        return saved_meanwhile(form, desk.editing)
    return changed_meanwhile(form, desk.start) if desk.start else None


def _twin(
    request: SignedIn, desk: Desk, form: NamespaceRequestForm, known: Request, template: str
) -> HttpResponse:
    """Answer a form that was stored before: the same again, unless it asks for something else."""
    is_same = (form.asked, form.reason) == (known.wanted, known.why or "")
    if not is_same:
        shown = _Shown(conflict=sent_before(form, known))
        return _page(request, desk, _again(desk, request.POST, is_new=True), template, shown)
    if known.state == RequestState.DRAFT.value and request.POST.get("action") == "submit":
        messages.warning(request, _("This form was saved as a draft before. Edit it to send it."))
    return redirect("request-detail", public_id=known.public_id)


def _store(
    request: SignedIn, desk: Desk, form: NamespaceRequestForm, template: str
) -> HttpResponse:
    is_draft = request.POST.get("action") == "draft"
    store = save_draft if is_draft else submit
    try:
        row = store(
            desk.wish(form.spec(), why=form.cleaned_data["why"]),
            by=by(request),
            form_key=form.cleaned_data["form_key"],
            now=database_now(),
            request=desk.editing,
        )
    except Invalid as wrong:
        for violation in wrong.violations:
            form.refuse(violation)
        return _wrong(request, desk, form, template)
    except Conflict as conflict:
        shown = _Shown(conflict=refused_now(conflict))
        return _page(request, desk, _again(desk, request.POST), template, shown)
    forget_started(request.user.pk, desk.name)
    messages.success(request, _said(desk, is_draft=is_draft))
    return redirect("request-detail", public_id=row.public_id)


def _said(desk: Desk, *, is_draft: bool) -> str:
    if not is_draft:
        return _("Request sent.")
    said = _("Draft saved. Nobody else sees it.")
    if not desk.suggestion:
        return said
    waits = _("What %(person)s suggests is taken up when you send it, and waits until then.")
    return f"{said} {waits % {'person': desk.suggestion.person.label}}"


def _wrong(
    request: SignedIn, desk: Desk, form: NamespaceRequestForm, template: str
) -> HttpResponse:
    return _page(request, desk, form, template, _Shown(has_errors=True))


def _page(
    request: SignedIn, desk: Desk, form: NamespaceRequestForm, template: str, shown: _Shown
) -> HttpResponse:
    authors = desk.authors(request.user.pk)
    preview = build_preview(form, desk.wish, authors) if desk.offer.clusters else None
    context = {
        "form": form,
        "preview": preview,
        "fixed": desk.offer.fixed,
        "editing": desk.editing,
        "returned": returned_with(desk.editing) if desk.editing else None,
        "taken_over": taken_over_with(desk.editing) if desk.editing else None,
        "namespace": desk.namespace,
        "clusters": desk.offer.clusters,
        "show_errors": shown.has_errors,
        "conflict": shown.conflict,
        "begun": shown.begun,
        "about": _about(desk),
        "remark": _remark(desk, form),
        "rows": rows_of_form(form),
        "offered": offered_templates(form),
        "is_row_gone": "remove" in request.POST,
        "is_full": len(form.rows) >= MAX_OPENINGS,
        "is_newcomer": _is_newcomer(request, desk),
        "is_more_open": shown.has_errors and not MORE.isdisjoint(form.errors),
        "is_suggested": bool(desk.proposed.answers) and not form.is_bound,
        "replaces": () if form.is_bound else desk.proposed.replaces,
        "left_out": desk.proposed.left_out,
        "suggestion": desk.suggestion,
    }
    return render(request, template, context, status=shown.status)


def _about(desk: Desk) -> str:
    """Return the query that tells the preview and the name check what is being written."""
    if desk.editing:
        return f"?request={desk.editing.public_id}"
    return f"?namespace={desk.namespace.public_id}" if desk.namespace else ""


def _remark(desk: Desk, form: NamespaceRequestForm) -> str:
    """Return what is remarked on a name that was typed; scripts ask for it by themselves."""
    if desk.offer.fixed or not form.is_bound:
        return ""
    return name_remark(form.asked.name, form.asked.environment)


def _is_newcomer(request: SignedIn, desk: Desk) -> bool:
    """Tell whether the person has asked for few namespaces yet: they are asked three questions."""
    if desk.start:
        return False
    mine = Request.objects.filter(requester=request.user).exclude(state=RequestState.DRAFT.value)
    return mine[:FEW].count() < FEW
