"""The door, and what belongs to the workspace as such: activity and settings."""

from django.urls import path

from workspaces.views import activity, beginning, days, documents, home, joining, members, settings

urlpatterns = [
    path("", home.HomeView.as_view(), name="home"),
    path("theme/", home.ThemeView.as_view(), name="theme"),
    path("new/", beginning.NewWorkspaceView.as_view(), name="workspace_new"),
    path("join/<str:token>/", joining.JoinView.as_view(), name="join"),
    path("w/<slug:slug>/more/", home.MoreView.as_view(), name="more"),
    path("w/<slug:slug>/help/<slug:document>/", documents.DocumentView.as_view(), name="help"),
    path("help/<slug:name>.webp", documents.PictureView.as_view(), name="help_picture"),
    path("w/<slug:slug>/day/", days.DayView.as_view(), name="day"),
    path("w/<slug:slug>/activity/", activity.ActivityView.as_view(), name="activity"),
    path("w/<slug:slug>/activity.csv", activity.ActivityCsvView.as_view(), name="activity_csv"),
    path("w/<slug:slug>/settings/", members.MembersView.as_view(), name="settings"),
    path(
        "w/<slug:slug>/settings/members/<int:member_id>/role/",
        members.ChangeRoleView.as_view(),
        name="member_role",
    ),
    path(
        "w/<slug:slug>/settings/members/<int:member_id>/remove/",
        members.RemoveMemberView.as_view(),
        name="member_remove",
    ),
    path(
        "w/<slug:slug>/settings/invitations/<int:invitation_id>/again/",
        members.SendAgainView.as_view(),
        name="invitation_again",
    ),
    path(
        "w/<slug:slug>/settings/invitations/<int:invitation_id>/withdraw/",
        members.WithdrawView.as_view(),
        name="invitation_withdraw",
    ),
    path("w/<slug:slug>/settings/policy/", settings.PolicyView.as_view(), name="settings_policy"),
    path("w/<slug:slug>/settings/sources/", settings.SourcesView.as_view(), name="settings_sources"),
    path("w/<slug:slug>/settings/sources/new/", settings.NewSourceView.as_view(), name="source_new"),
    path("w/<slug:slug>/settings/sources/<slug:key>/", settings.SourceView.as_view(), name="source"),
]
