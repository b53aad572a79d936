"""The web process."""

import os

from django.core.wsgi import get_wsgi_application

from onboarding.services.application_role import watch_database_role

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()
watch_database_role()
