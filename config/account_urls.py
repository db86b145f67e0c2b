"""The doors of allauth that are meant: signing in and out, passwords, the second step, a provider.

Each is named here. What is not stays shut, above all allauth's signing up and its way of changing one's
address: it is how an owner names a person, so nobody may take one that they have not shown to be theirs.
"""

from allauth.account import views
from allauth.socialaccount import views as provider_views
from allauth.urls import build_provider_urlpatterns
from django.urls import include, path, re_path

from config.accounts import LogoutView, PasswordResetFromKeyView
from workspaces.views import account

urlpatterns = [
    path("", account.AccountView.as_view(), name="account"),
    path("language/", account.LanguageView.as_view(), name="account_language"),
    path("address/", account.AddressView.as_view(), name="account_address"),
    path("address/<str:token>/", account.AddressConfirmView.as_view(), name="account_address_confirm"),
    path("login/", views.login, name="account_login"),
    path("logout/", LogoutView.as_view(), name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("password/set/", views.password_set, name="account_set_password"),
    path("password/reset/", views.password_reset, name="account_reset_password"),
    path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        PasswordResetFromKeyView.as_view(),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("2fa/", include("allauth.mfa.urls")),
    path("3rdparty/login/cancelled/", provider_views.login_cancelled, name="socialaccount_login_cancelled"),
    path("3rdparty/login/error/", provider_views.login_error, name="socialaccount_login_error"),
    *build_provider_urlpatterns(),
]
