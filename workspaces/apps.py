from django.apps import AppConfig
from django.db.backends.signals import connection_created


class WorkspacesConfig(AppConfig):
    name = "workspaces"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from workspaces.models.moments import read_moments_fast  # noqa: PLC0415 - models come after apps

        connection_created.connect(read_moments_fast)
