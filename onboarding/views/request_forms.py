"""The request form's pages: new, duplicated and edited; its preview and its name check.

The preview is the same on the page, as a fragment beside the form, and as a download.
"""

from django.http import HttpResponse
from django.shortcuts import redirect, render

from onboarding.domain.refusals import NotFound
from onboarding.domain.spec import RequestKind
from onboarding.pages.opening_rows import rows_of_form
from onboarding.pages.plain_words import name_remark
from onboarding.pages.request_desk import Desk, build_offer, desk_named, edit_desk
from onboarding.pages.request_preview import build_preview, objects_as_file
from onboarding.queries import clusters, requests
from onboarding.queries.leads import teams_led
from onboarding.queries.names import check_name
from onboarding.services.clock import database_now
from onboarding.views.access import SignedIn, Who, allow, forms_only
from onboarding.views.form_answers import already_sent, answer
from onboarding.views.posted import asked, only


def _desk_of(request: SignedIn) -> Desk:
    """Return the desk the page named in its address."""
    return desk_named(
        request.permissions,
        request=request.GET.get("request", ""),
        namespace=request.GET.get("namespace", ""),
    )


_OWN_PAGES: dict[str, str] = {
    RequestKind.RETIRE: "namespace-retire",
    RequestKind.ADOPT: "namespace-adopt",
}


@allow(Who.TEAM_LEADS)
def request_new(request: SignedIn) -> HttpResponse:
    """Ask for a namespace; ?from= starts with the answers of an earlier request."""
    asked(request, "from", "go_on")
    start = None
    if public_id := request.GET.get("from"):
        row = requests.visible_to(request.permissions).filter(public_id=public_id).first()
        if row is None:
            raise NotFound("No such request.")
        start = row.wanted.changed(name="")
    desk = Desk(build_offer(request.permissions), start=start)
    return answer(request, desk, "requests/request_new.html")


@allow(Who.LEADS)
def request_edit(request: SignedIn, public_id: str) -> HttpResponse:
    """Go on with a draft, or mend what was returned. What has no form has a page of its own."""
    asked(request, "go_on")
    known = already_sent(request) if request.method == "POST" else None
    row = known or requests.load_own(request.permissions, public_id)
    own_page = _OWN_PAGES.get(row.kind)
    if own_page and row.namespace:
        return redirect(own_page, public_id=row.namespace.public_id)
    return answer(request, edit_desk(request.permissions, row), "requests/request_edit.html")


@forms_only
@allow(Who.TEAM_LEADS)
def request_preview(request: SignedIn) -> HttpResponse:
    """Return the preview of what stands in the form; ?download= sends its objects as a file.

    With it come the parts of the page that must not say otherwise: the errors of the last try,
    the end that was set, who has to agree.
    """
    desk = _desk_of(request)
    only(request, *desk.takes(request.POST), "action", "shown", "tried")
    form = desk.form(request.POST)
    form.is_valid()
    if "download" not in request.GET:
        form.set_end()
    authors = desk.authors(request.user.pk)
    preview = build_preview(form, desk.wish, authors, shown=request.POST.get("shown", ""))
    if "download" in request.GET:
        return objects_as_file(preview.text, form.likely_spec().name)
    context = {
        "preview": preview,
        "form": form,
        "rows": rows_of_form(form),
        "tried": request.POST.get("tried", ""),
        "is_fragment": True,
    }
    return render(request, "requests/_preview.html", context)


@allow(Who.TEAM_LEADS)
def name_check(request: SignedIn) -> HttpResponse:
    """Say whether a name is free on a cluster, why not, and which variant is."""
    name, cluster_name = request.GET.get("name", ""), request.GET.get("cluster", "")
    cluster = clusters.usable().filter(name=cluster_name).first()
    editing = (
        requests.load_own(request.permissions, request.GET["request"])
        if "request" in request.GET
        else None
    )
    check = None
    if name and cluster:
        led = teams_led(request.permissions).filter(slug=request.GET.get("team", "")).first()
        check = check_name(
            cluster,
            name,
            now=database_now(),
            team=led.slug if led else "",
            except_request=editing,
        )
    environment = request.GET.get("environment", "")
    context = {
        "check": check,
        "name": name[:80],
        "cluster": cluster,
        "now": database_now(),
        "remark": name_remark(name, environment) if check and not check.problems else "",
    }
    return render(request, "requests/_name_check.html", context)
