"""The portal's web application on a host whose clock is wrong; see wrong_clock.py.

For `gunicorn tests.support.web_by_wrong_clock`.
"""

from tests.support.wrong_clock import go_wrong

go_wrong()

from portal.wsgi import application  # noqa: E402 (the clock has to be wrong first)

__all__ = ["application"]
