"""How lines of the log look: JSON for machines, plain lines for people at a terminal."""

from typing import Any

import structlog
from structlog.typing import Processor


def log_lines(*, level: str, for_people: bool) -> dict[str, Any]:
    """Return Django's LOGGING, and set structlog up to go through it."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processor": _plain() if for_people else structlog.processors.JSONRenderer(),
                "foreign_pre_chain": shared,
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"level": "WARNING"},
            "waitress": {"level": "WARNING"},  # what it says of clients that left holds their paths
            "waitress.queue": {"level": "ERROR"},  # more at once than threads is no trouble
            "onboarding.access": {"level": "WARNING" if for_people else "INFO"},
        },
    }


def _plain() -> structlog.dev.ConsoleRenderer:
    plain = structlog.dev.plain_traceback
    return structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain)
