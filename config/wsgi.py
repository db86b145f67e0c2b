"""WSGI entry point: `config.wsgi:application`."""

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from config.memory import keep_what_is_loaded

application = get_wsgi_application()

# Every page's code is loaded before the first visitor asks for one.
get_resolver().check()
keep_what_is_loaded()
