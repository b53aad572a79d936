"""What each step of a run is called on pages, and what it does, in the words of the product."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from onboarding.domain.lifecycle import Phase
from onboarding.models import Step

Words = str | Promise

WORDS: dict[Phase, tuple[Words, Words]] = {
    Phase.CREATE: (_("Create the namespace"), _("Made new with its labels, never taken over")),
    Phase.FENCE: (_("Fence"), _("Deny-all is stored and read back before anything is allowed")),
    Phase.BASELINE: (_("Policies"), _("The allowed paths, and nothing else")),
    Phase.BOUND: (_("Quota and limits"), _("What the namespace may use")),
    Phase.GRANT: (_("Team access"), _("Only now: the team’s group, without rights on policy")),
    Phase.VERIFY: (_("Verify"), _("Everything is read back and compared with what was approved")),
    Phase.REVOKE: (_("Remove access"), _("The team’s bindings go first")),
    Phase.DRAIN: (_("Stop workloads"), _("Wait until no pod is left")),
    Phase.DELETE: (_("Delete the namespace"), _("By its own id, and wait until it is gone")),
}


@dataclass(frozen=True)
class StepView:
    """One line of the timeline. `number` counts from 1."""

    step: Step
    number: int
    title: Words
    what: Words


def step_views(steps: Iterable[Step]) -> list[StepView]:
    """Return the steps with their words, in order."""
    return [
        StepView(step, number, *WORDS[Phase(step.phase)])
        for number, step in enumerate(steps, start=1)
    ]
