"""The portal's beat, with one chore and every second: `celery -A tests.support.quick_beat beat`."""

from portal.celery import app

app.conf.beat_schedule = {"sweep": {"task": "onboarding.sweep", "schedule": 1.0}}
