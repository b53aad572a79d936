"""One thing a person comes to the portal for."""

from dataclasses import dataclass

from bench.rig.counting_page import Step


@dataclass(frozen=True)
class Task:
    """Something one person wants done or wants to know. It begins at Home.

    `says` are patterns that the page shows at the end; with all of them the task is answered.
    """

    person: str
    words: str
    steps: tuple[Step, ...]
    says: tuple[str, ...]
    most_clicks: int | None = None
    most_keys: int | None = None
