"""WSGI entry point: `config.wsgi:application`."""

import gc

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

application = get_wsgi_application()

# Every page's code is loaded before the first visitor asks for one. It stays for good, and a collection that
# looked through all of it would make somebody wait for a fifth of a second every dozen pages.
get_resolver().check()
gc.collect()
gc.freeze()
