"""The catalogue, for everybody to read: all templates, and one with who uses it."""

from django.http import HttpResponse
from django.shortcuts import render

from onboarding.pages.catalogue import build_groups, build_template_page, load_template
from onboarding.plan.catalogue_files import load_catalogue
from onboarding.queries.keyset import Count, page_of
from onboarding.queries.template_use import use_of_versions, users_of, uses_of
from onboarding.queries.truth import truths_of
from onboarding.services.clock import database_now
from onboarding.views.access import SignedIn, Who, allow
from onboarding.views.posted import asked


@allow(Who.SIGNED_IN)
def template_list(request: SignedIn) -> HttpResponse:
    """List every template version, with how many namespaces the reader may see have it."""
    asked(request)
    uses = uses_of(request.permissions, load_catalogue().templates.values())
    return render(request, "catalogue/template_list.html", {"groups": build_groups(uses)})


@allow(Who.SIGNED_IN)
def template_detail(request: SignedIn, slug: str, version: str) -> HttpResponse:
    """Show one template version, and the namespaces with it that the reader may see, by name."""
    asked(request, "after")
    template, now = load_template(slug, version), database_now()
    use = use_of_versions(request.permissions, template)
    users = page_of(users_of(request.permissions, template), cursor=request.GET.get("after", ""))
    context = {
        "page": build_template_page(template, uses=use.this),
        "only_others": use.only_others,
        "users": users,
        "total": Count(use.this),
        "truths": truths_of(users.rows),
        "now": now,
    }
    return render(request, "catalogue/template_detail.html", context)
