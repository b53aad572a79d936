"""The Celery app. Messages are hints that carry an id; losing every one of them loses nothing."""

import os

import kombu.transport
from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# Whatever lies on the queue, no worker ends of it.
TRANSPORT = "portal.tolerant_queue:Transport"
kombu.transport.TRANSPORT_ALIASES |= {"redis": TRANSPORT, "rediss": TRANSPORT}
app = Celery("portal", amqp="portal.patience:PatientAMQP")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["onboarding"])
