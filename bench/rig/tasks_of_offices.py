"""What auditors, approvers and admins come for. The names are those of the demo at volume."""

import re
from collections.abc import Iterator

from bench.rig.counting_page import approve, choose, click, confirm, press, see, send, write
from bench.rig.people_task import Task
from onboarding.demo.people import DEMO_PASSWORD

NEW_LEAD, KEEPER = "newcomers-lead", "accounting-member"
OPEN_TO_WEB = "accounting-dev"  # opened to the web entry on 8080
MANY = 30
ASKED_HOW = "How did you make sure that it is the person who asks?"
JUDGED_BY = ("Purpose of the namespace", "Environment", "Data class", "Risk", "What opens beyond")


def of_an_auditor() -> Iterator[Task]:
    """Yield the questions of an auditor."""
    yield Task(
        person="frank",
        words=f"8080 of {OPEN_TO_WEB}: who, when, why, still so?",
        steps=(
            click("link", "Namespaces"),
            write("Search", OPEN_TO_WEB),
            send(),
            click("link", OPEN_TO_WEB),
            click("link", "Revisions"),
        ),
        says=(
            "Opens TCP 8080 from ingress-nginx",
            "Asked by Accounting lead",
            "Approved by .*Dana",
            "Purpose",
            "In the newest revision too",
            "Still so: read back whole",
        ),
        most_clicks=4,
    )
    yield Task(
        person="frank",
        words="every namespace that can reach the internet",
        steps=(click("link", "Reachability"), click("link", "Who can reach the internet")),
        says=(r"\d+ of \d+ namespaces can reach the internet", "Approved by", "egress-internet"),
    )
    yield Task(
        person="frank",
        words="everything Pat approved this month, with the total",
        steps=(
            click("link", "History"),
            click("link", "This month"),
            choose("What", "Approval given"),
            write("Person", "Pat"),
            send(),
        ),
        says=(r"\d+ events", "Person: Pat", "What: Approval given", "From .*-01"),
    )


def of_an_approver() -> Iterator[Task]:
    """Yield the tasks of approvers; each leaves enough for the next."""
    queue = click("link", re.compile(r"^Approvals \d+"))
    yield Task(
        person="dana",
        words="judge one request: what opens, why, and decide",
        steps=(queue, press("j"), send(), see(*JUDGED_BY), approve(1)),
        says=("You approved",),
    )
    yield Task(
        person="dana",
        words=f"approve {MANY} by keyboard, reading each",
        steps=(send("g"), press("j"), send(), approve(MANY)),
        says=("You approved",),
        most_clicks=0,
        most_keys=35,
    )
    yield Task(
        person="pat",
        words=f"approve {MANY} or more of low risk at once",
        steps=(
            queue,
            click("link", re.compile(r"^Review all \d+ of low risk")),
            click("button", "Approve what is ticked"),
        ),
        says=(r"\b([3-9]\d) of \1 approved",),
    )


def of_trouble() -> Iterator[Task]:
    """Yield the tasks of a platform admin in the morning."""
    yield Task(
        "pat", "what is wrong today?", (), (r"\d+ things are wrong", r"\d+ namespaces are blocked")
    )
    yield Task(
        person="pat",
        words="the blocked namespaces, from Home",
        steps=(click("link", re.compile("namespaces are blocked")),),
        says=("Why blocked: ", "accounting-load|Blocked"),
        most_clicks=1,
    )
    yield Task(
        person="pat",
        words="register a cluster: how?",
        steps=(click("link", "Clusters"), click("link", "Register a cluster")),
        says=("prepare_cluster NAME --kubeconfig", "No page holds a credential"),
    )
    yield Task(
        person="pat",
        words="reset somebody's second factor",
        steps=(
            click("link", "People"),
            write("Search", KEEPER),
            send(),
            click("link", "Accounting member"),
            click("link", "Remove second factor"),
            write(ASKED_HOW, "Called back at the number we have."),
            click("button", "Remove second factor"),
            confirm(DEMO_PASSWORD),
        ),
        says=("Second factor None", "Accounting member"),
    )


def of_an_admin(token: str) -> Iterator[Task]:
    """Yield the tasks about people and teams; what is made has `token` in its name."""
    yield Task(
        person="pat",
        words="invite a person with team and role",
        steps=(
            click("link", "People"),
            click("link", "Invite a person"),
            write("Name", "Nora New"),
            write("User name", f"nora-{token}"),
            write("Email address", f"nora-{token}@example.com"),
            choose("Add to a team (optional)", "newcomers"),
            choose("As", "Lead"),
            click("checkbox", "Auditor"),
            click("button", "Invite"),
            confirm(DEMO_PASSWORD),
        ),
        says=("Nora New is invited",),
    )
    yield Task(
        person="pat",
        words="a new team with its first person",
        steps=(
            click("link", "People"),
            click("link", "Teams"),
            click("link", "Add a team"),
            write("Name", f"team-{token}"),
            write("Access group", f"team-{token}"),
            write("Person (optional)", NEW_LEAD),
            click("button", "Add the team"),
            confirm(DEMO_PASSWORD),
        ),
        says=(f"team-{token}", "Newcomers lead"),
    )
