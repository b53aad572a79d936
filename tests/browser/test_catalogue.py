"""The catalogue by browser: read in both themes, wide and narrow, and followed to a namespace."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Cast
from tests.support.passing_namespaces import passing
from tests.support.raw_api import RawApi
from tests.support.real_processes import Live

NAME = "payments-catalogued"
NARROW = {"width": 390, "height": 844}
WIDE = {"width": 1360, "height": 900}


@pytest.mark.parametrize("size", [NARROW, WIDE])
def test_the_catalogue_fits_and_can_be_read(cast_at: Cast, size: dict[str, int]) -> None:
    bob = cast_at.bob
    bob.page.set_viewport_size({"width": size["width"], "height": size["height"]})
    assert bob.open("/") == 200
    bob.click("link", "Catalogue")
    for title in ("Exposure to an ingress controller", "Open egress", "Quota"):
        bob.check_page()
        assert bob.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        bob.click("link", title)
        expect(bob.page.get_by_role("heading", level=1)).to_have_text(title)
        bob.check_page()
        assert bob.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        bob.page.get_by_label("Breadcrumb").get_by_role("link", name="Catalogue").click()
    assert not cast_at.complaints, "\n".join(cast_at.complaints)


def test_a_policy_leads_to_its_template_and_that_to_its_namespaces(
    cast_at: Cast, live: Live, breaker: RawApi
) -> None:
    with passing(breaker, NAME):
        live.act("onboard", NAME)
        assert live.act("wait", NAME)[NAME]["state"] == "ready"
        bob = cast_at.bob
        assert bob.open("/namespaces/") == 200
        bob.click("link", NAME)
        bob.click("link", "Policies")
        bob.click("link", "deny-all@1")
        expect(bob.page.get_by_role("heading", level=1)).to_have_text("Deny everything")
        bob.check_page()
        bob.click("link", NAME)
        expect(bob.page.get_by_role("heading", level=1)).to_contain_text(NAME)
        assert not cast_at.complaints, "\n".join(cast_at.complaints)
