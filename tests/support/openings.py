"""Shipped openings with values in them, and the same with something changed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from onboarding.domain.catalogue import Template
from onboarding.domain.objects import Json, copied
from onboarding.plan.catalogue_files import load_catalogue

NAMESPACE = "payments"
NGINX: Json = {"namespace": "ingress-nginx", "pods": {"app": "nginx"}}
VALUES: Mapping[str, Mapping[str, Json]] = {
    "allow-ingress": {
        "name": "allow-ingress-web",
        "namespace": NAMESPACE,
        "project": "pay",
        "component": "web",
        "source": NGINX,
        "ports": [8080, 8443],
    },
    "egress-internet": {
        "namespace": NAMESPACE,
        "members": {"project": "pay"},
        "private_ranges": ["10.0.0.0/8"],
    },
    "egress-open": {"namespace": NAMESPACE, "members": {"project": "pay"}},
}


def openings() -> dict[str, Template]:
    """Every template of the catalogue that opens something."""
    return {slug: one for slug, one in load_catalogue().templates.items() if one.direction}


def fence() -> Template:
    return load_catalogue().templates["deny-all"]


def changed(slug: str, change: Callable[[Any], object]) -> Template:
    """A shipped opening whose object is another; `change` is done to a copy of it."""
    template = load_catalogue().templates[slug]
    body = copied(template.body)
    change(body)
    return replace(template, body=body)
