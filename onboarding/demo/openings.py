"""What the cast opens: the openings of the quickstart's story."""

from collections.abc import Sequence

from onboarding.domain.objects import Manifest
from onboarding.domain.spec import Opening


def exposed(source: str, component: str, ports: Sequence[int]) -> Opening:
    """Return the opening that lets an ingress source reach TCP `ports` of app=`component`."""
    values: Manifest = {"source": source, "component": component, "ports": [*ports]}
    return Opening(source, "allow-ingress", 1, values)


WEB = exposed("ingress-nginx", "web", (8080,))
INTERNET = Opening("internet", "egress-internet", 1)
ANYTHING = Opening("open", "egress-open", 1)
