"""Every address of the site: pages at the root, signing in, the API, and one address for load balancers."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from config.views import healthz

# One way in for everybody: with its rate limits and second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler400 = "config.views.bad_request"
handler500 = "config.views.server_error"

urlpatterns = [
    # Before the sprints, whose page of a campaign would take "new" for the key of one.
    path("", include("experiments.urls")),
    path("", include("sprints.urls")),
    path("", include("workspaces.urls")),
    path("", include("api.page_urls")),
    path("", include("notices.urls")),
    path("accounts/", include("config.account_urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("api.urls")),
    path("healthz", healthz, name="healthz"),
]
