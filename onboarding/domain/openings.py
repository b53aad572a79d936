"""Openings as the request form asks for them: one web entry, and one of a few ways out."""

from collections.abc import Collection

from onboarding.domain.spec import NamespaceSpec, Opening

EXPOSURE = "allow-ingress"


def ports_of(exposure: Opening | None) -> tuple[int, ...]:
    """Return the pod ports an opening names, in its order."""
    ports = exposure.values.get("ports") if exposure else ()
    return tuple(port for port in ports if isinstance(port, int)) if isinstance(ports, list) else ()


def is_same_way(one: Opening, other: Opening) -> bool:
    """Tell whether two openings differ at most in their ports."""
    return _way(one) == _way(other)


def instead_of(
    spec: NamespaceSpec, templates: Collection[str], opening: Opening | None
) -> NamespaceSpec:
    """Return the spec with the opening in the place of those of the templates; None for nothing."""
    kept = [one for one in spec.openings if one.template not in templates]
    wanted = [*kept, *([opening] if opening else [])]
    return spec.changed(openings=tuple(sorted(wanted, key=_is_no_exposure)))


def _way(opening: Opening) -> tuple[object, ...]:
    values = {name: value for name, value in opening.values.items() if name != "ports"}
    return opening.template, values


def _is_no_exposure(opening: Opening) -> bool:
    return opening.template != EXPOSURE
