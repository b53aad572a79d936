"""The web process is killed between the commit of an approval and its answer (G1, G3)."""

import http.client
import re
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

import pytest

from onboarding.demo.people import DEMO_PASSWORD
from tests.support.audit_log import creations
from tests.support.real_processes import Live

SECONDS = 20


class Pat:
    """Pat at a browser without scripts."""

    def __init__(self, address: str) -> None:
        self.address = address
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)
        url, page = self.get("/")
        self.post(url, page, login="pat", password=DEMO_PASSWORD)

    def get(self, path: str) -> tuple[str, str]:
        with self._opener.open(urllib.parse.urljoin(self.address, path), timeout=SECONDS) as answer:
            return answer.url, answer.read().decode()

    def post(self, url: str, page: str, **fields: str) -> int:
        """Send the page's form and return the status of the answer."""
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert found is not None
        sent = urllib.parse.urlencode({"csrfmiddlewaretoken": found[1], **fields}).encode()
        try:
            with self._opener.open(url, sent, timeout=SECONDS) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def decide(self, url: str, page: str) -> int:
        digest = re.search(r"sha256:[0-9a-f]{64}", page)
        assert digest is not None
        fields = {"lane": "platform", "vote": "approve", "reason": "", "digest": digest[0]}
        return self.post(url, page, **fields)


def test_g03_an_approval_whose_answer_was_lost_counts_once(live: Live, prefix: str) -> None:
    [(name, public_id)] = live.act("ask", prefix).items()
    with live.web("tests.support.killable_web") as address:
        pat = Pat(address)
        url, page = pat.get(f"/approvals/{public_id}/")
        with pytest.raises((http.client.HTTPException, OSError)):
            pat.decide(url, page)
    with live.web() as address:
        again = Pat(address)
        url, fresh = again.get(f"/approvals/{public_id}/")
        assert 'name="vote"' not in fresh
        assert again.decide(url, fresh) == 409
    with live.sweeper():
        ended = live.act("wait", name)[name]
    assert (ended["state"], ended["approvals"]) == ("ready", 1)
    assert len(creations(live.audit.by_portal(name))) == 1
