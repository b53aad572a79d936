"""What Bob suggests for payments-prod, and the form with which Alice takes it up."""

from dataclasses import replace
from urllib.parse import urlencode

from django.test import Client
from django.utils import timezone

from onboarding.demo.openings import INTERNET as HTTPS
from onboarding.demo.openings import WEB
from onboarding.demo.scenario import acting, demo_spec
from onboarding.models import ManagedNamespace, Suggestion
from onboarding.services.preview import NamespaceWish, change_wish
from onboarding.services.suggest import suggest

INTERNET = {"egress": "internet"}
KEY = "0123456789abcdef0123456789abcdef"


def url(row: ManagedNamespace, rest: str = "") -> str:
    return f"/namespaces/{row.public_id}/{rest}"


def suggested(
    row: ManagedNamespace, who: str = "bob", key: str = "k1", note: str = ""
) -> Suggestion:
    return suggest(
        row,
        by=acting(who),
        answers=INTERNET,
        about="payments-prod to 203.0.113.7 on TCP 443",
        note=note,
        form_key=key,
        now=timezone.now(),
    )


def change_form(client: Client, row: ManagedNamespace, found: Suggestion) -> str:
    query = urlencode({"suggestion": found.public_id})
    return client.get(url(row, f"change/?{query}")).content.decode()


def wish_of(row: ManagedNamespace, found: Suggestion) -> NamespaceWish:
    """The change that the suggestion is about."""
    spec = demo_spec(row.name, cluster=row.cluster.name, openings=(WEB, HTTPS))
    return replace(change_wish(row, spec, why="Bob needs it."), suggestion=found)


def answers_of(
    client: Client, row: ManagedNamespace, found: Suggestion, key: str
) -> dict[str, str]:
    answers = {
        "purpose": "Takes card payments for the shop.", "data_class": "internal",
        "size": "small", "scope": "project", "ingress": "ingress-nginx", "component": "web",
        "ports": "8080", "egress": "internet", "lifetime": "none",
        "form_key": key, "action": "submit", "why": "Bob needs it.",
    }  # fmt: skip
    names = {name for name in answers if f'name="{name}"' in change_form(client, row, found)}
    return {
        name: value for name, value in answers.items() if name in {*names, "form_key", "action"}
    }


def send_change(client: Client, row: ManagedNamespace, found: Suggestion, key: str) -> int:
    address = url(row, f"change/?suggestion={found.public_id}")
    return client.post(address, answers_of(client, row, found, key)).status_code
