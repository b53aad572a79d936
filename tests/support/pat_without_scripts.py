"""Pat, or Dana, at a browser without scripts, on a portal that runs in real processes."""

import re
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

from onboarding.demo.people import DEMO_PASSWORD

SECONDS = 20


class Pat:
    """Pat at a browser without scripts."""

    name, lane = "pat", "platform"

    def __init__(self, address: str, *, is_signed_in: bool = True) -> None:
        self.address = address
        self.said = ""  # the page that was answered to a form
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)
        if is_signed_in:
            url, page = self.get("/")
            self.post(url, page, login=self.name, password=DEMO_PASSWORD)

    def get(self, path: str) -> tuple[str, str]:
        with self._opener.open(urllib.parse.urljoin(self.address, path), timeout=SECONDS) as answer:
            return answer.url, answer.read().decode()

    def look(self, path: str) -> int:
        """Open a page and return the status of the answer."""
        try:
            self.get(path)
        except urllib.error.HTTPError as error:
            self.said = error.read().decode()
            return error.code
        return 200

    def post(self, url: str, page: str, **fields: str) -> int:
        """Send the page's form and return the status of the answer."""
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert found is not None
        sent = urllib.parse.urlencode({"csrfmiddlewaretoken": found[1], **fields}).encode()
        try:
            with self._opener.open(url, sent, timeout=SECONDS) as answer:
                self.said = answer.read().decode()
                return int(answer.status)
        except urllib.error.HTTPError as error:
            self.said = error.read().decode()
            return error.code

    def decide(self, url: str, page: str) -> int:
        digest = re.search(r"sha256:[0-9a-f]{64}", page)
        assert digest is not None
        picture = re.search(r'name="picture" value="([^"]*)"', page)
        return self.post(
            url,
            page,
            lane=self.lane,
            vote="approve",
            reason="",
            digest=digest[0],
            picture=picture[1] if picture else "",
        )


class Dana(Pat):
    """Dana at another one."""

    name, lane = "dana", "network"
