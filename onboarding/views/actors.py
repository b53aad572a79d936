"""Who acts in a web request, as services and history know them."""

from onboarding.services.client_address import client_address
from onboarding.services.history import Actor, By, actor_for
from onboarding.views.access import SignedIn


def actor_of(request: SignedIn) -> Actor:
    """Return the person behind the request, with the address they came from."""
    return actor_for(request.user, ip=client_address(request.META))


def by(request: SignedIn) -> By:
    """Return the person with their permissions, for services that check rights again."""
    return By(user=request.user, permissions=request.permissions, actor=actor_of(request))
