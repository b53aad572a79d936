"""What a new lead and a member of a team come for. The names are those of the demo at volume."""

import re
from collections.abc import Iterator

from bench.rig.counting_page import Step, click, send, write
from bench.rig.people_task import Task

LEAD, MEMBER = "newcomers-lead", "bob"
CLOSED = "newcomers-dev"


def of_a_lead(token: str) -> Iterator[Task]:
    """Yield the tasks of a lead who is new; what is made has `token` in its name."""
    wish = (click("link", "Request a namespace"),)
    submit = (
        write("Purpose", "Tries the next version."),
        click("button", "Submit for approval"),
    )
    yield Task(
        person=LEAD,
        words="first request, isolated",
        steps=(*wish, write("Namespace name", f"newcomers-{token}"), *submit),
        says=(f"newcomers-{token}", "Waiting for decisions", "Pat can decide"),
    )
    yield Task(
        person=LEAD,
        words="first request with web entry and internet",
        steps=(
            *wish,
            write("Namespace name", f"newcomers-web-{token}"),
            click("radio", re.compile("web entry")),
            write("Component", "web"),
            write("Ports (TCP)", "8080"),
            click("radio", re.compile("^Internet HTTPS")),
            *submit,
        ),
        says=(f"newcomers-web-{token}", "Waiting for decisions", "Dana can decide"),
    )
    yield Task(
        person=LEAD,
        words="open traffic from another namespace: possible, and whom to ask?",
        steps=(
            *_connectivity(CLOSED),
            write("From (A)", "payments-dev"),
            write("To (B)", CLOSED),
            write("Port", "8080"),
            send(),
        ),
        says=("No. ", "Nothing that can be asked for", "Ask who gives network approval: Dana"),
    )


def of_a_member() -> Iterator[Task]:
    """Yield the tasks of somebody whose call is blocked."""
    asked = (write("To (B)", "8.8.8.8"), send())
    why = (*_connectivity("payments-dev"), *asked)
    yield Task(
        person=MEMBER,
        words="why is 8.8.8.8:443 blocked?",
        steps=why,
        says=("No. A may not send it", "What would allow it", "Internet HTTPS", "Alice .*leads"),
    )
    yield Task(
        person=MEMBER,
        words="and the remedy: suggest it to the lead",
        steps=(
            *why,
            write("What you need it for (optional)", "DNS over HTTPS."),
            click("button", "Suggest this change"),
        ),
        says=("Waits for a lead of the team",),
    )
    yield Task(
        person=MEMBER,
        words="why is api.stripe.com blocked?",
        steps=(*_connectivity("payments-dev"), write("To (B)", "api.stripe.com"), send()),
        says=("addresses, not names", r"dig \+short api\.stripe\.com"),
    )


def _connectivity(name: str) -> tuple[Step, ...]:
    return (click("link", name), click("link", "Connectivity"))
