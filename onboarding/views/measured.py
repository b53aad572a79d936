"""Around every request: how many of which kind were answered how, and how fast, for /metrics.

Labels are names of routes, methods and statuses; nothing that somebody typed becomes one.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django_prometheus.middleware import PrometheusAfterMiddleware, PrometheusBeforeMiddleware

__all__ = ["MeasuredInside", "MeasuredOutside"]


class MeasuredOutside(PrometheusBeforeMiddleware):
    """Outermost: counts everything."""


class MeasuredInside(PrometheusAfterMiddleware):
    """Innermost: knows which route it was."""

    def label_metric(
        self, metric: Any, request: HttpRequest, response: HttpResponse | None = None, **labels: Any
    ) -> Any:
        """Return the metric with its labels. Anybody may invent a method: those are one label."""
        if "method" in labels:
            labels["method"] = self._method(request)
        return super().label_metric(metric, request, response, **labels)
