"""Wiring: settings, URLs and the processes. No domain words."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
