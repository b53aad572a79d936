"""The portal's web application on a server that waits for a fifth of a second only.

For `gunicorn tests.support.impatient_web`.
"""

from portal import web_worker
from portal.wsgi import application

__all__ = ["application"]

web_worker.HEADER_SECONDS = web_worker.BODY_SECONDS = 0.2
