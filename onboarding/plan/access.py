"""What a plan's bindings let the team do beyond running workloads, read off the plan itself."""

from collections.abc import Iterator

from onboarding.domain.catalogue import Catalogue
from onboarding.domain.lifecycle import Phase
from onboarding.domain.objects import items, text
from onboarding.plan.model import Plan


def granted_access(plan: Plan, catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """Return the bound groups of each kind of access in the catalogue that the plan grants."""
    by_template = {choice.template: slug for slug, choice in catalogue.access.items()}
    return {
        by_template[slug]: tuple(
            text(subject, "name") for subject in items(planned.manifest, "subjects")
        )
        for planned in plan.of(Phase.GRANT)
        if (slug := planned.template.partition("@")[0]) in by_template
    }


def access_sentences(plan: Plan, catalogue: Catalogue) -> Iterator[str]:
    """Yield one sentence for each group and each kind of access beyond running workloads."""
    for slug, groups in granted_access(plan, catalogue).items():
        for group in groups:
            yield f"Group {group} may {catalogue.access[slug].note}."
