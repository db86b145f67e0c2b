"""The project around the apps: settings, addresses, the worker and the two server interfaces."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
