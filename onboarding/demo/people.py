"""The cast of the demo: one person per role, so that every side of the story can be walked."""

from dataclasses import dataclass

DEMO_PASSWORD = "isolated-by-default"  # noqa: S105 (public on purpose; demo mode only)


@dataclass(frozen=True)
class DemoPerson:
    """One sign-in of the demo. `roles` are RoleAssignment values; `team` is lead or member."""

    username: str
    name: str
    role: str
    team: str = ""
    membership: str = ""
    roles: tuple[str, ...] = ()


DEMO_PEOPLE = (
    DemoPerson("alice", "Alice", "Team lead of payments", "payments", "lead"),
    DemoPerson("bob", "Bob", "Team member of payments", "payments", "member"),
    DemoPerson(
        "charlie", "Charlie", "Team lead of search, a stranger to payments", "search", "lead"
    ),
    DemoPerson("dana", "Dana", "Network approver", roles=("network",)),
    DemoPerson("erin", "Erin", "Security approver", roles=("security",)),
    DemoPerson("pat", "Pat", "Platform approver and admin", roles=("platform", "platform-admin")),
    DemoPerson("frank", "Frank", "Auditor", roles=("auditor",)),
)
