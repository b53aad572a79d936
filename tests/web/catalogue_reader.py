"""Reading the catalogue as somebody: addresses of its pages, and what they list."""

from typing import Any

import yaml
from django.test import Client

from onboarding.demo.scenario import demo_spec
from onboarding.domain.catalogue import Template
from onboarding.models import Cluster, ManagedNamespace, Revision
from onboarding.plan.catalogue_files import load_catalogue
from tests.support.behind_the_portal import without_guards
from tests.web.stories import onboarded, ready

LIST = "/templates/"


def address(template: Template) -> str:
    return f"/templates/{template.slug}/{template.version}/"


def template(slug: str) -> Template:
    return load_catalogue().templates[slug]


def uses(browser: Client) -> dict[str, int]:
    """Return what the list says of each template: {slug: in how many namespaces}."""
    page = browser.get(LIST)
    return {
        line.template.slug: line.uses for group in page.context["groups"] for line in group.lines
    }


def users(browser: Client, slug: str) -> list[str]:
    """Return the names of the namespaces that a template's page lists."""
    page = browser.get(address(template(slug)))
    assert page.status_code == 200
    return [row.name for row in page.context["users"].rows]


def onboard(name: str, cluster: Cluster, **differing: Any) -> ManagedNamespace:
    return ready(onboarded(demo_spec(name, cluster=cluster.name, **differing)))


def planned_with(row: ManagedNamespace, old: str, new: str) -> None:
    """Have its plan been approved with another template version."""
    revision = Revision.objects.get(namespace=row)
    plan = yaml.safe_load(yaml.safe_dump(revision.plan).replace(old, new))
    with without_guards():
        Revision.objects.filter(pk=revision.pk).update(plan=plan)
