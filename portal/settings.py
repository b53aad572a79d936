"""Every setting, read from the environment once, here. Flat on purpose; no domain words.

Three kinds of process share this file. Only workers, beat, the sweeper and the command line are
given BULKHEAD_CREDENTIAL_KEYS; the web process has no key to the stored cluster credentials.
"""

import base64
import hashlib
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from onboarding.domain.lanes import Lane
from portal.log_lines import log_lines
from portal.own_address import base_url
from portal.start import DEMO_SECRET_KEY, Told, refuse_to_start

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("BULKHEAD_DEBUG", default=False)
DEMO = env.bool("BULKHEAD_DEMO", default=False)
STATE_DIR = Path(env.str("BULKHEAD_STATE_DIR", default=str(BASE_DIR / "var")))
SECRET_KEY = env.str("BULKHEAD_SECRET_KEY", default=DEMO_SECRET_KEY)
ALLOWED_HOSTS = env.list("BULKHEAD_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("BULKHEAD_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("BULKHEAD_HTTPS", default=False)
# Who scrapes /metrics brings it; without one there is no such page.
METRICS_TOKEN = env.str("BULKHEAD_METRICS_TOKEN", default="")
refuse_to_start(
    Told(
        debug=DEBUG,
        demo=DEMO,
        https=HTTPS,
        secret_key=SECRET_KEY,
        metrics_token=METRICS_TOKEN,
        hosts=ALLOWED_HOSTS,
        origins=CSRF_TRUSTED_ORIGINS,
    )
)

INSTALLED_APPS = [
    "onboarding",
    "portal.admin_config.BulkheadAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
]

MIDDLEWARE = [
    "onboarding.views.measured.MeasuredOutside",
    "onboarding.views.middleware.RequestId",
    "onboarding.views.unavailable.NotesWrites",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "onboarding.views.middleware.NoStore",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "onboarding.views.readable.ShownAsWritten",
    "onboarding.views.middleware.TitledErrors",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "onboarding.views.readable.ReadableInput",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "onboarding.views.middleware.SignInRequired",
    "onboarding.views.refilling.ShowsKeptForms",
    "onboarding.views.middleware.Refusals",
    "onboarding.views.measured.MeasuredInside",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
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
                "onboarding.pages.shell.shell",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

# SQLite takes its write lock at BEGIN, so a read that leads to a write cannot be undercut.
_SQLITE = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,  # of commands; services/database_waits.py says what web and workers wait
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
}
DATABASES = {
    "default": env.db_url("BULKHEAD_DATABASE_URL", default=f"sqlite:///{STATE_DIR / 'db.sqlite3'}"),
}
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# A server that is gone is noticed in seconds, also by who waits for nothing but its answer.
_POSTGRESQL = {
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = _SQLITE
elif DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"]["ENGINE"] = "portal.postgresql"
    DATABASES["default"]["OPTIONS"] = _POSTGRESQL | DATABASES["default"].get("OPTIONS", {})
# How long the web process waits for a locked row, and for one statement, before it answers 503.
WEB_LOCK_SECONDS = env.float("BULKHEAD_LOCK_SECONDS", default=3)
WEB_STATEMENT_SECONDS = env.float("BULKHEAD_STATEMENT_SECONDS", default=15)
# Given to the migrating step only: grant_application_role sets it.
APPLICATION_PASSWORD = env.str("BULKHEAD_APPLICATION_PASSWORD", default="")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People
AUTH_USER_MODEL = "onboarding.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_REDIRECT_URL = "home"
LOGIN_URL = "account_login"
ACCOUNT_ADAPTER = "onboarding.views.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_FORMS = {"add_email": "onboarding.forms.people.NewAddressForm"}
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PRESERVE_USERNAME_CASING = False
SIGNUP_OPEN = env.bool("BULKHEAD_SIGNUP_OPEN", default=False)
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # a session left open changes no address
ACCOUNT_EMAIL_NOTIFICATIONS = False  # the outbox tells of every change (services/tell.py)
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # who types an address has no mail sent to strangers
# "ip" is everybody behind one address, "key" one person from one address (views/accounts.py).
# Whatever answers 429 counts within a minute: that page says to wait for one.
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "20/m/ip,5/5m/key",
    "login_failed_known": "5/5m/key",  # from a browser the person has signed in with
}
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("BULKHEAD_TRUSTED_PROXIES", default=0)
MFA_ADAPTER = "onboarding.views.accounts.SecondFactorAdapter"
MFA_FORMS = {
    "login_webauthn": "onboarding.forms.passkeys.PasskeySignIn",
    "authenticate_webauthn": "onboarding.forms.passkeys.PasskeySecond",
    "reauthenticate_webauthn": "onboarding.forms.passkeys.PasskeyAgain",
}
MFA_RATE_LIMITS = {"webauthn_login": "60/m/ip"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
# Accounts are made by platform admins, who know whose they are; strangers verify their address.
MFA_ALLOW_UNVERIFIED_EMAIL = not SIGNUP_OPEN
MFA_TOTP_ISSUER = "Bulkhead"
# e.g. smtp+tls://user:password@mail.example.com:587; without it mail is printed to the log
vars().update(env.email_url("BULKHEAD_EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 10
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Bulkhead: "
DEFAULT_FROM_EMAIL = env.str("BULKHEAD_FROM_EMAIL", default="bulkhead@localhost")

BASE_URL = base_url(
    env.str("BULKHEAD_BASE_URL", default=""),
    origins=CSRF_TRUSTED_ORIGINS,
    hosts=ALLOWED_HOSTS,
    https=HTTPS,
)
# When daily mails go out, from Monday to Friday.
DIGEST_HOUR = env.int("BULKHEAD_DIGEST_HOUR", default=7)
if not 0 <= DIGEST_HOUR <= 23:
    raise ImproperlyConfigured("BULKHEAD_DIGEST_HOUR: an hour of UTC, 0 to 23.")

# Sessions, transport, content
SESSION_ENGINE = "onboarding.services.sessions"
SESSION_COOKIE_AGE = 3600 * env.int("BULKHEAD_SESSION_IDLE_HOURS", default=12)
SESSION_MOST_AGE = 3600 * env.int("BULKHEAD_SESSION_MOST_HOURS", default=72)
if not 1 <= SESSION_COOKIE_AGE // 3600 <= SESSION_MOST_AGE // 3600:
    raise ImproperlyConfigured(
        "BULKHEAD_SESSION_IDLE_HOURS: at least 1, and no more than BULKHEAD_SESSION_MOST_HOURS."
    )
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "onboarding.views.keeping.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
# Browsers remember it for as long: whoever turns HTTPS on by way of trial sets few seconds first.
SECURE_HSTS_SECONDS = env.int("BULKHEAD_HSTS_SECONDS", default=31_536_000) if HTTPS else 0
# The portal speaks for its own host. Names below it, and browsers' lists, only where one says so.
HSTS_SCOPE = env.str("BULKHEAD_HSTS_SCOPE", default="host")
if HSTS_SCOPE not in {"host", "subdomains", "preload"}:
    raise ImproperlyConfigured("BULKHEAD_HSTS_SCOPE is one of: host, subdomains, preload.")
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS and HSTS_SCOPE != "host"
SECURE_HSTS_PRELOAD = HTTPS and HSTS_SCOPE == "preload"
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # they ask for subdomains and preload
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
if HTTPS:
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # enough to answer a long text with its error
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
FILE_UPLOAD_HANDLERS = ["onboarding.views.readable.NoFiles"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    },
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.str("BULKHEAD_STATIC_ROOT", default=str(STATE_DIR / "static")))
WHITENOISE_USE_FINDERS = DEBUG or DEMO
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if WHITENOISE_USE_FINDERS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}

# How often each process says that it lives; three that are not heard are red.
HEARTBEAT_SECONDS = env.int("BULKHEAD_HEARTBEAT_SECONDS", default=10)

# The queue is an accelerator, never the truth: waits are bounded, and the sweep does without.
REDIS_URL = env.str("BULKHEAD_REDIS_URL", default="")
QUEUE_TIMEOUT_SECONDS = 0.1
CELERY_BROKER_URL = REDIS_URL or "memory://"
# Who waits for an approval never waits behind what comes by itself.
CELERY_TASK_QUEUES: dict[str, dict[str, str]] = {"people": {}, "chores": {}}
CELERY_TASK_DEFAULT_QUEUE = "chores"
CELERY_TASK_ROUTES = {"onboarding.reconcile": {"queue": "people"}}
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Each of the eight chores is done once at a time (onboarding/tasks.py): two threads are people's.
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = 10
# Whoever can write to the queue could end workers by it.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # for ever
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 120,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 1,
}
CELERY_BEAT_SCHEDULER = "portal.patience:PatientBeat"
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "onboarding.sweep", "schedule": 10.0},
    # Proves that beat, queue and workers do their part. An old one would prove nothing.
    "note-beat": {
        "task": "onboarding.note_beat",
        "schedule": float(HEARTBEAT_SECONDS),
        "options": {"expires": 2.0 * HEARTBEAT_SECONDS},
    },
    # Asks what is due, like the sweep: a cluster that has nothing new waits OBSERVE_SECONDS.
    "observe": {"task": "onboarding.observe", "schedule": 10.0},
    "tell-people": {"task": "onboarding.tell_people", "schedule": 10.0},
    "renew-credentials": {"task": "onboarding.renew_credentials", "schedule": 60.0},
    # Asks what is due: a cluster where all is well waits a day.
    "check-guards": {"task": "onboarding.check_guards", "schedule": 300.0},
    "expire-requests": {"task": "onboarding.expire_requests", "schedule": 3600.0},
    "note-outdated": {"task": "onboarding.note_outdated", "schedule": 3600.0},
}

# Limits of sign-in attempts live in the cache, and nothing else does. Above MAX_ENTRIES rows what
# has expired is removed, never what still counts.
CACHES = {
    "default": {
        "BACKEND": "onboarding.services.counters.Counters",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 1000},
    },
}

# Shown with each process, so that one which an upgrade left behind is found.
RELEASE = env.str("BULKHEAD_VERSION", default="")
# Where the processes of one web server add up what they answered: gunicorn.conf.py makes it.
METRICS_FOLDER = env.str("PROMETHEUS_MULTIPROC_DIR", default="")

# The portal's own bounds. Durations are seconds unless the name says otherwise.
REVERIFY_SECONDS = env.int("BULKHEAD_REVERIFY_SECONDS", default=600)
OBSERVE_SECONDS = env.int("BULKHEAD_OBSERVE_SECONDS", default=30)
LEASE_SECONDS = env.int("BULKHEAD_LEASE_SECONDS", default=60)
DRAIN_SECONDS = env.int("BULKHEAD_DRAIN_SECONDS", default=60)
STUCK_SECONDS = env.int("BULKHEAD_STUCK_SECONDS", default=180)
SWEEP_SECONDS = env.int("BULKHEAD_SWEEP_SECONDS", default=2)
OVERDUE_SECONDS = env.int("BULKHEAD_OVERDUE_SECONDS", default=120)
UNDONE_SECONDS = env.int("BULKHEAD_UNDONE_SECONDS", default=45)
REQUEST_EXPIRES_DAYS = env.int("BULKHEAD_REQUEST_EXPIRES_DAYS", default=30)
NAME_RESTS_DAYS = env.int("BULKHEAD_NAME_RESTS_DAYS", default=7)
TOKEN_HOURS = env.int("BULKHEAD_TOKEN_HOURS", default=24)
if not 1 <= TOKEN_HOURS <= 24:  # longer ones are refused: admission-credentials.yaml
    raise ImproperlyConfigured("BULKHEAD_TOKEN_HOURS: a token lives for 1 to 24 hours.")
# Below the threads there are, so that a cluster that hangs leaves some to the others.
CLUSTER_CONCURRENCY = env.int("BULKHEAD_CLUSTER_CONCURRENCY", default=2)
if CLUSTER_CONCURRENCY < 2:  # a look at what is as approved would keep people waiting
    raise ImproperlyConfigured("BULKHEAD_CLUSTER_CONCURRENCY: at least 2, one of them for people.")
if CLUSTER_CONCURRENCY < 1:
    raise ImproperlyConfigured("BULKHEAD_CLUSTER_CONCURRENCY: at least 1.")
ALIVE_FILE = env.str("BULKHEAD_ALIVE_FILE", default="")


def _credential_keys() -> list[bytes]:
    """Return the keys that seal cluster credentials, newest first; [] in the web process."""
    keys = [base64.b64decode(key) for key in env.list("BULKHEAD_CREDENTIAL_KEYS", default=[])]
    if any(len(key) != 32 for key in keys):
        raise ImproperlyConfigured("BULKHEAD_CREDENTIAL_KEYS: each key is 32 bytes in base64")
    return keys


BULKHEAD_CREDENTIAL_KEYS = _credential_keys()


def _second_factor_keys() -> list[bytes]:
    """Return the keys that seal second factors, newest first. Development makes do without."""
    keys = [base64.b64decode(key) for key in env.list("BULKHEAD_SECOND_FACTOR_KEYS", default=[])]
    if any(len(key) != 32 for key in keys):
        raise ImproperlyConfigured("BULKHEAD_SECOND_FACTOR_KEYS: each key is 32 bytes in base64")
    if not keys and not (DEBUG or DEMO):
        raise ImproperlyConfigured(
            "BULKHEAD_SECOND_FACTOR_KEYS is missing: set it to 32 random bytes in base64. "
            "It seals the secrets of second factors in the database."
        )
    return keys or [hashlib.sha256(SECRET_KEY.encode()).digest()]


BULKHEAD_SECOND_FACTOR_KEYS = _second_factor_keys()


def _signed_lanes() -> frozenset[str]:
    """Return the lanes whose approvals workers believe only with a passkey's signature."""
    default = [Lane.NETWORK.value, Lane.SECURITY.value] if HTTPS else []
    named = frozenset(env.list("BULKHEAD_SIGNED_LANES", default=default))
    if unknown := named - set(Lane):
        raise ImproperlyConfigured(f"BULKHEAD_SIGNED_LANES: no such lane: {sorted(unknown)}")
    return named


def _approval_roots() -> list[bytes]:
    """Return public keys of roots whose private keys are gone, as `approval_root` printed them."""
    written = [
        root + "=" * (-len(root) % 4) for root in env.list("BULKHEAD_APPROVAL_ROOTS", default=[])
    ]
    roots = [base64.urlsafe_b64decode(root) for root in written]
    if any(len(root) != 32 for root in roots):
        raise ImproperlyConfigured("BULKHEAD_APPROVAL_ROOTS: each root is 32 bytes in base64url")
    return roots


SIGNED_LANES = _signed_lanes()
APPROVAL_ROOTS = _approval_roots()

LOGGING = log_lines(level=env.str("BULKHEAD_LOG_LEVEL", default="INFO"), for_people=DEBUG or DEMO)
