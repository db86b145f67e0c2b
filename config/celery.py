"""The worker's application. Tasks are found in every app's `tasks.py`; settings start with `CELERY_`."""

import os

from celery import Celery

from config.broker import use_safe_files

# Production is the default because it refuses to start when something is missing; manage.py, pytest and
# `make run` name their own settings before they come here.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

use_safe_files()
app = Celery("quickno")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
