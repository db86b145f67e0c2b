"""What is the same everywhere. Whatever depends on the place is in `dev`, `test` and `production`."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from config.environment import company_provider, env, workspaces_by

BASE_DIR = Path(__file__).resolve().parent.parent.parent
# Everything the program writes for itself. Nothing in it is part of the project.
VAR_DIR = Path(env.str("VAR_DIR", "") or BASE_DIR / "var")
# Export files between their upload and the end of their import. Web and worker both need it.
IMPORTS_DIR = VAR_DIR / "imports"

# Applications -------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "workspaces",
    "experiments",
    "sprints",
    "api",
    "notices",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "django_filters",
    "django_linear_migrations",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.language.ReaderLanguageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.busy.BusyDatabaseMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

FORM_RENDERER = "workspaces.forms.rendering.Renderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People: they sign in by e-mail address, and an owner lets them in --------------------------------

AUTH_USER_MODEL = "workspaces.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_ADAPTER = "config.accounts.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "config.accounts.LoginForm",
    "reauthenticate": "config.accounts.ReauthenticateForm",
    "change_password": "config.accounts.ChangePasswordForm",
    "set_password": "config.accounts.SetPasswordForm",
    "reset_password": "config.accounts.ResetPasswordForm",
    "reset_password_from_key": "config.accounts.ResetPasswordKeyForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# Where letters arrive, `mail` makes this "mandatory": nobody signs in before the address is shown to be the
# holder's (config.accounts). Elsewhere the owner who adds somebody vouches for it.
ACCOUNT_EMAIL_VERIFICATION = "none"
# No letter to strangers: it would invite them to sign up.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
MFA_ALLOW_UNVERIFIED_EMAIL = True
SESSION_ENGINE = "config.sessions"
ACCOUNT_SESSION_REMEMBER = True

# A member may sign in through the company's OpenID Connect provider if it vouches for the same address.
SOCIALACCOUNT_ADAPTER = "config.accounts.SocialAccountAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True

# By a link, because the policy's form-action would stop a form that leads to another site. State, nonce and
# PKCE hold anyway: the worst that a foreign page can do is to sign somebody in as themselves.
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_PROVIDERS = company_provider()

# Who may begin a workspace on the site. Whoever does owns it and sees nothing of the others.
WORKSPACES_BY = workspaces_by(default="owners")

# The second step: an app's codes, passkeys, and codes for when both are lost.
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Quickno"

# What a process keeps in its memory -------------------------------------------------------------------

CACHES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # Parts of pages by what they were drawn from, so nothing is ever out of date: some 3 KB each.
    "drawn": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "drawn",
        "TIMEOUT": 3600,
        "OPTIONS": {"MAX_ENTRIES": 2000},
    },
}
# Off where a pooler stands before PostgreSQL that gives each transaction another connection.
DATABASE_PREPARES: bool = env.bool("DATABASE_PREPARES", True)
# Off to draw everything anew, from all that a page has.
KEEPS_DRAWINGS = True

# Words, days and times ----------------------------------------------------------------------------

LANGUAGE_CODE = "en"
# Only what the whole of Quickno speaks: a half-translated page is worse than an English one.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Files --------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]

# A metrics post may have 25 MB; the rest is room for a form around an uploaded file. The API's own limit
# is checked by its views, which answer 413 with the reason.
DATA_UPLOAD_MAX_MEMORY_SIZE = 26 * 1024 * 1024

# No other site needs our files.
WHITENOISE_ALLOW_ALL_ORIGINS = False

# The demo -----------------------------------------------------------------------------------------

DEMO_SLUG = "demo"
# Whether pages say that there is one, and how to begin an empty workspace beside it.
SHOWS_DEMO = False

# What a browser may do with our pages -------------------------------------------------------------

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "style-src": ["'self'"],
        "font-src": ["'self'"],
        "img-src": ["'self'", "data:"],  # Bootstrap draws its form icons as data: images.
        "script-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    },
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# A form that is out of date is not done; what was typed into it comes back.
CSRF_FAILURE_VIEW = "workspaces.views.kept.csrf_failure"

# REST ---------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "api.authentication.ApiKeyAuthentication",
        "api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "api.errors.problem_details",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Quickno",
    "DESCRIPTION": "Plan sprints, post the day's numbers, and hear what to stop.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "api.schema.describe_problems",
    ],
    # Names of words that several things share.
    "ENUM_NAME_OVERRIDES": {
        "ArmStatus": "experiments.choices.ArmStatus",
        "CampaignStatus": "experiments.choices.CampaignStatus",
        "HypothesisStatus": "experiments.choices.HypothesisStatus",
        "SprintStatus": "sprints.choices.SprintStatus",
        "ZombieState": "experiments.choices.ZombieState",
        "ReallocationState": "sprints.choices.ReallocationState",
        "HypothesisKind": "experiments.choices.HypothesisKind",
        "TransferKind": "sprints.choices.TransferKind",
        "EventKind": "workspaces.choices.EventKind",
        "Metric": "experiments.choices.METRIC_CHOICES",
        "OutcomeMetric": "experiments.choices.OUTCOME_METRIC_CHOICES",
    },
}

# Webhooks -----------------------------------------------------------------------------------------

# Whether events may be delivered to addresses inside the network, which only this server can reach.
WEBHOOK_ALLOW_PRIVATE = False

# Letters ------------------------------------------------------------------------------------------

EMAIL_TIMEOUT = 10
EMAIL_SUBJECT_PREFIX = "[Quickno] "
# Whether there is a post office, or letters end on the terminal. Nothing claims to have written where not.
MAIL_IS_SET_UP = True

# Work in the background ---------------------------------------------------------------------------

CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "experiments.tasks.sweep", "schedule": timedelta(minutes=5)},
    # A breach has its effect within a minute of the post or of the day's close. Looks that nobody took do not
    # queue up.
    "judge-what-is-due": {
        "task": "experiments.tasks.judge_what_is_due",
        "schedule": timedelta(seconds=20),
        "options": {"expires": 20},
    },
    # Hourly, because whoever missed a day is to catch up; each workspace learns once a day.
    "learn": {"task": "experiments.tasks.learn", "schedule": timedelta(hours=1)},
    "outdate-reallocations": {
        "task": "sprints.tasks.outdate_reallocations",
        "schedule": timedelta(minutes=5),
    },
    "expire-reallocations": {"task": "sprints.tasks.expire_reallocations", "schedule": timedelta(minutes=5)},
    "publish-events": {"task": "workspaces.tasks.publish_events", "schedule": timedelta(minutes=1)},
    "deliver-webhooks": {"task": "api.tasks.deliver_webhooks", "schedule": timedelta(seconds=10)},
    "plan-notices": {"task": "notices.tasks.plan", "schedule": timedelta(seconds=10)},
    "plan-digests": {"task": "notices.tasks.plan_digests", "schedule": timedelta(minutes=5)},
    "take-up-imports": {"task": "experiments.tasks.take_up_imports", "schedule": timedelta(seconds=20)},
    "tidy-imports": {"task": "experiments.tasks.tidy_imports", "schedule": timedelta(hours=1)},
    "forget-answers": {"task": "api.tasks.forget_old_answers", "schedule": timedelta(hours=1)},
}
CELERY_TIMEZONE = TIME_ZONE
# A worker that dies gives its task to another; every task survives running twice.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A broken broker must not keep a person waiting: due work is a column, and the sweep finds it.
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2}

# What is going on, on stdout ----------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {
        "stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "line"},
    },
    "root": {"handlers": ["stdout"], "level": "INFO"},
    # Django adds a handler of its own, which would say everything twice under DEBUG.
    "loggers": {"django": {"handlers": [], "level": "INFO"}},
}
