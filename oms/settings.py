"""All configuration of the system, read from the environment (docs/operations.md lists the variables).

Local by default: SQLite, a broker made of files and a secret key, all in the data folder. `OMS_ENV=production`
turns every transport-security switch on and refuses to start half-configured. Nothing here knows a model.
"""

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _
from environ import Env

from oms.environment import database_from, local_secret_key, mail_from, structured_logging

env = Env()

BASE_DIR = Path(__file__).resolve().parent.parent
OMS_ENV = env.str("OMS_ENV", default="local")
if OMS_ENV not in ("local", "production"):
    raise ImproperlyConfigured(f"OMS_ENV is {OMS_ENV!r}; it must be 'local' or 'production'.")
PRODUCTION = OMS_ENV == "production"
DEBUG = env.bool("DEBUG", default=False)
PORT = env.int("PORT", default=8000)

DATA_DIR = Path(env.str("OMS_DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)

SECRET_KEY = env.str("SECRET_KEY", default="")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
if PRODUCTION and not SECRET_KEY:
    raise ImproperlyConfigured("OMS_ENV=production needs SECRET_KEY: a long random text that you keep.")
if PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured(
        "OMS_ENV=production needs ALLOWED_HOSTS: the host names of this site, by comma."
    )
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured(
        "OMS_ENV=production does not run with DEBUG on: error pages would show secrets."
    )
SECRET_KEY = SECRET_KEY or local_secret_key(DATA_DIR)
ALLOWED_HOSTS = ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]"]

# Links in messages and the addresses shown to shop owners are built from this, never from a request's Host.
OMS_PUBLIC_URL = env.str(
    "OMS_PUBLIC_URL",
    default=f"https://{ALLOWED_HOSTS[0].lstrip('.')}" if PRODUCTION else f"http://127.0.0.1:{PORT}",
).rstrip("/")

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials",
    "csp",
    "simple_history",
    "django_celery_beat",
    "axes",
    "django_prometheus",
    # For its documentation page, whose files then come from here.
    "ninja",
    "shops",
    "inventory",
    "orders",
    "orders.imports",
    "notifications",
    "crm",
    "oms",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # Static files leave here, compressed beforehand.
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Outside everything that reads or writes a body; why pages may be compressed: docs/decisions/0015.
    "oms.middleware.CompressPagesMiddleware",
    "csp.middleware.CSPMiddleware",
    # After CSPMiddleware, so that on the way out it speaks before it.
    "oms.middleware.AdminContentPolicyMiddleware",
    # Before the first that asks the database.
    "oms.middleware.RefuseNulMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # After authentication: a person's own language wins over the browser's.
    "oms.middleware.PersonLocaleMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "oms.middleware.HtmxLoginMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "oms.urls"
WSGI_APPLICATION = "oms.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "crm.context_processors.workspace",
            ]
        },
    }
]

# Database

DATABASES: dict[str, dict[str, Any]] = {
    "default": database_from(
        env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'oms.sqlite3'}"),
        pool_size=env.int("DATABASE_POOL", default=0),
    )
}

# People

AUTH_USER_MODEL = "shops.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"

# Guessing is slowed per name and address together: one address must not lock a whole shop floor out.
# Lock-outs are lifted with `manage.py axes_reset`; their log is nothing to browse beside shops and templates.
AXES_ENABLE_ADMIN = False
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "429.html"
AXES_VERBOSE = False

# Languages

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ro", _("Romanian")), ("pl", _("Polish")), ("uk", _("Ukrainian"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="UTC")

# Files

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MANIFEST_STRICT = False
LOG_DIR = DATA_DIR / "logs"

# --- Wake-ups: the database is the queue, Celery only wakes workers ------------------------------------------

REDIS_URL = env.str("REDIS_URL", default="")
CELERY_BROKER_URL = REDIS_URL or env.str("CELERY_BROKER_URL", default="filesystem://localhost/")
# A wake-up that cannot be sent is dropped at once; the workers' own sweep finds what is due anyway.
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {"max_retries": 0, "interval_start": 0, "interval_step": 0}
if CELERY_BROKER_URL.startswith("filesystem:"):
    BROKER_DIR = DATA_DIR / "broker"
    for folder in ("queue", "control"):
        (BROKER_DIR / folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS |= {
        "data_folder_in": str(BROKER_DIR / "queue"),
        "data_folder_out": str(BROKER_DIR / "queue"),
        "control_folder": str(BROKER_DIR / "control"),
    }
elif CELERY_BROKER_URL.startswith("redis"):
    # Above the second that an idle worker waits in BRPOP, below what a person notices.
    CELERY_BROKER_TRANSPORT_OPTIONS |= {"socket_connect_timeout": 0.5, "socket_timeout": 3}
CELERY_BROKER_CONNECTION_TIMEOUT = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker for ever
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SYNC_EVERY = 1  # each run is written down at once: `manage.py beat_is_alive` reads it
CELERY_BEAT_SCHEDULE = {
    "drain-outbox": {
        "task": "notifications.tasks.drain_outbox",
        "schedule": 30.0,
        # An unread wake-up says nothing that the next one does not.
        "options": {"expires": 25},
    },
    "process-deliveries": {
        "task": "orders.imports.tasks.process_deliveries",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "prune-deliveries": {"task": "orders.imports.tasks.prune_deliveries", "schedule": 24 * 3600.0},
    "refresh-stock-figures": {
        "task": "orders.tasks.refresh_stock_figures",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "record-stock-days": {"task": "inventory.tasks.record_stock_days", "schedule": 1800.0},
    "report-low-stock": {"task": "inventory.tasks.report_low_stock", "schedule": 900.0},
    "prune-board-changes": {"task": "crm.tasks.prune_board_feed", "schedule": 6 * 3600.0},
}

# Outgoing messages

# "log:" keeps everything inside: the Messages page shows what would have gone out.
EMAIL_URL = env.str("EMAIL_URL", default="log:")
_mail = mail_from(EMAIL_URL, hook_secret=env.str("EMAIL_HOOK_SECRET", default=""))
EMAIL_BACKEND: str = _mail["EMAIL_BACKEND"]
EMAIL_HOST: str = _mail["EMAIL_HOST"]
EMAIL_PORT: int = _mail["EMAIL_PORT"]
EMAIL_HOST_USER: str = _mail["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD: str = _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS: bool = _mail["EMAIL_USE_TLS"]
EMAIL_USE_SSL: bool = _mail["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=15)
ANYMAIL: dict[str, Any] = _mail["ANYMAIL"]
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="oms@localhost")

# The generic HTTP gateway: {to}, {text} and {id} are put into every string of the body.
SMS: dict[str, Any] = {
    "url": env.str("SMS_URL", default="log:"),
    "token": env.str("SMS_TOKEN", default=""),
    "headers": env.json("SMS_HEADERS", default={}),
    "body": env.json("SMS_BODY", default={"to": "{to}", "text": "{text}", "id": "{id}"}),
    "success": env.str("SMS_SUCCESS", default=""),
    "timeout": env.int("SMS_TIMEOUT", default=15),
}

# When the Messages page and its badge say that messages do not leave.
OMS_OLDEST_DUE_MINUTES = env.int("OMS_OLDEST_DUE_MINUTES", default=5)

# Security

X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [OMS_PUBLIC_URL]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION and env.bool("HSTS_SUBDOMAINS", default=False)
# Sub-domains and browsers' preload lists are the site owner's to decide, not ours to assume.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
# The admin theme evaluates expressions and styles inline; only /admin/ may (oms.middleware).
ADMIN_CONTENT_POLICY = {
    "script-src": ["'self'", "'unsafe-inline'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
}

# Operation

METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
PROMETHEUS_EXPORT_MIGRATIONS = False
LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = structured_logging(level=env.str("LOG_LEVEL", default="INFO"), as_json=PRODUCTION)

UNFOLD = {
    "SITE_TITLE": _("Order management"),
    "SITE_HEADER": _("Order management"),
    "SITE_URL": "/",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("favicon.svg")},
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
}
