"""The worker's application. Tasks are found in every app's `tasks.py`; settings start with `CELERY_`."""

import os

from celery import Celery
from celery.signals import worker_process_init, worker_ready

from config.broker import use_safe_files
from config.memory import keep_what_is_loaded

# Production is the default because it refuses to start when something is missing; manage.py, pytest and
# `make run` name their own settings before they come here.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

use_safe_files()
app = Celery("quickno")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


# The first where the worker has threads, the second in each of its processes.
@worker_ready.connect
@worker_process_init.connect
def on_ready(**_: object) -> None:
    """Every task is loaded by now."""
    keep_what_is_loaded()
