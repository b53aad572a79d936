"""The web process. Loaded by the server only, so it is here that a key to clusters is refused."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from onboarding.services.application_role import watch_database_role
from onboarding.services.database_waits import bound_waits, web_waits
from onboarding.services.host_clock import watch_host_clock
from portal.start import refuse_cluster_keys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
refuse_cluster_keys(settings.BULKHEAD_CREDENTIAL_KEYS)
application = get_wsgi_application()
bound_waits(web_waits(lock=settings.WEB_LOCK_SECONDS, statement=settings.WEB_STATEMENT_SECONDS))
watch_database_role()
watch_host_clock()
