"""Notices to people and rooms: what each wants to hear of."""

from django.urls import path

from notices.views import channels, wishes

urlpatterns = [
    path("w/<slug:slug>/notices/", wishes.NoticesView.as_view(), name="notices"),
    path("notices/stop/<str:token>/", wishes.StopView.as_view(), name="notices_stop"),
    path("w/<slug:slug>/settings/channels/", channels.ChannelsView.as_view(), name="settings_channels"),
    path("w/<slug:slug>/settings/channels/<int:channel_id>/", channels.ChannelView.as_view(), name="channel"),
    path(
        "w/<slug:slug>/settings/channels/<int:channel_id>/test/",
        channels.TestChannelView.as_view(),
        name="channel_test",
    ),
    path(
        "w/<slug:slug>/settings/channels/<int:channel_id>/remove/",
        channels.RemoveChannelView.as_view(),
        name="channel_remove",
    ),
]
