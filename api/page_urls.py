"""The page about API keys; everything else of this app is under ``/api/``."""

from django.urls import path

from api.views.keys import KeysView, RevokeKeyView

urlpatterns = [
    path("w/<slug:slug>/settings/keys/", KeysView.as_view(), name="settings_keys"),
    path("w/<slug:slug>/settings/keys/<int:key_id>/revoke/", RevokeKeyView.as_view(), name="key_revoke"),
]
