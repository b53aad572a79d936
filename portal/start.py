"""What no process of the portal starts with: settings that would open it to strangers.

Each is refused with one sentence that says what to set. `portal/settings.py` asks when it is read,
so that server, workers and command line refuse alike; `portal/wsgi.py` asks for the web process.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ImproperlyConfigured

DEMO_SECRET_KEY = "demo-key-for-development-only-never-use-it-in-production"  # noqa: S105 (public)
# Django's own measure (check security.W009), which only `check --deploy` would take.
SHORTEST_KEY = 50
FEWEST_CHARACTERS = 5
SHORTEST_TOKEN = 20
INSECURE_PREFIX = "django-insecure-"


@dataclass(frozen=True)
class Told:
    """What the environment said, as far as it can be dangerous."""

    debug: bool = False
    demo: bool = False
    https: bool = False
    secret_key: str = field(default="", repr=False)
    metrics_token: str = field(default="", repr=False)
    hosts: Sequence[str] = ()
    origins: Sequence[str] = ()

    @property
    def is_development(self) -> bool:
        return self.debug or self.demo


def refuse_to_start(told: Told) -> None:
    """Raise ImproperlyConfigured with everything that is dangerous in what was told."""
    if problems := [*_problems(told)]:
        raise ImproperlyConfigured(" ".join(problems))


def refuse_cluster_keys(keys: Sequence[bytes]) -> None:
    """Raise ImproperlyConfigured when the web process was given keys to cluster credentials."""
    if keys:
        raise ImproperlyConfigured(
            "BULKHEAD_CREDENTIAL_KEYS is set for the web process, which must not be able to open "
            "cluster credentials. Give it to worker, beat, sweeper and command line only."
        )


def _problems(told: Told) -> Iterator[str]:
    if told.https and told.demo:
        yield (
            "BULKHEAD_DEMO and BULKHEAD_HTTPS are both set: the demo shows its passwords on the "
            "sign-in page. Leave out one of them."
        )
    if told.https and told.debug:
        yield (
            "BULKHEAD_DEBUG and BULKHEAD_HTTPS are both set: error pages would show settings and "
            "data. Leave out one of them."
        )
    if 0 < len(told.metrics_token) < SHORTEST_TOKEN:
        yield (
            f"BULKHEAD_METRICS_TOKEN can be guessed: set it to {SHORTEST_TOKEN} random characters "
            "or more, or leave it out: then there is no /metrics."
        )
    if not told.is_development:
        yield from _weak_key(told.secret_key)
        yield from _open_hosts(told.hosts)
    if told.https:
        yield from _open_origins(told.origins)


def _weak_key(key: str) -> Iterator[str]:
    if key in {"", DEMO_SECRET_KEY}:
        yield (
            "BULKHEAD_SECRET_KEY is missing: set it to 50 random characters or more. "
            "The demo key is accepted with BULKHEAD_DEMO=1 only."
        )
    elif (
        len(key) < SHORTEST_KEY
        or len(set(key)) < FEWEST_CHARACTERS
        or key.startswith(INSECURE_PREFIX)
    ):
        yield (
            "BULKHEAD_SECRET_KEY can be guessed: set it to 50 random characters or more, for "
            'example from: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
        )


def _open_hosts(hosts: Sequence[str]) -> Iterator[str]:
    # Links in mails name the host that was asked for: it must be ours.
    if open_hosts := [host for host in hosts if "*" in host or host.startswith(".")]:
        yield (
            f"BULKHEAD_ALLOWED_HOSTS holds {', '.join(open_hosts)}: "
            "name each host the portal answers to in full, without a wildcard."
        )


def _open_origins(origins: Sequence[str]) -> Iterator[str]:
    wrong = [origin for origin in origins if "*" in origin or not origin.startswith("https://")]
    if wrong:
        yield (
            f"BULKHEAD_TRUSTED_ORIGINS holds {', '.join(wrong)}: "
            "with BULKHEAD_HTTPS each is https:// and a host in full, without a wildcard."
        )
