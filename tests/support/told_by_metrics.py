"""What /metrics of a live web process tells, as Prometheus and its alerts would read it."""

import urllib.request
from collections import Counter
from dataclasses import dataclass
from typing import Self

from prometheus_client.parser import text_string_to_metric_families

TOKEN = "a-token-of-the-scraper"
WITH_TOKEN = {"BULKHEAD_METRICS_TOKEN": TOKEN}
SECONDS = 10.0  # for which a Prometheus waits
MOST_ERRORS = 0.1  # deploy/alerts.yaml, BulkheadAnswersErrors


@dataclass(frozen=True)
class Told:
    """One scrape: what is wrong where, whether the database answers, and what was answered."""

    wrong: dict[tuple[str, str], float]
    database_answers: bool
    answered: Counter[str]

    @classmethod
    def by(cls, address: str) -> Self:
        """Scrape a web process. Raises what a scrape fails with."""
        asked = urllib.request.Request(
            f"{address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(asked, timeout=SECONDS) as answer:
            return cls.read(answer.read().decode())

    @classmethod
    def read(cls, text: str) -> Self:
        wrong, answers, answered = {}, False, Counter[str]()
        for one in (one for each in text_string_to_metric_families(text) for one in each.samples):
            if one.name == "bulkhead_wrong" and one.value:
                wrong[one.labels["what"], one.labels["cluster"]] = one.value
            if one.name == "bulkhead_database_answers":
                answers = bool(one.value)
            if one.name == "django_http_responses_total_by_status_total":
                answered[one.labels["status"]] += int(one.value)
        return cls(wrong, answers, answered)

    def alerts(self, before: Self) -> set[str]:
        """The keys of the alerts that follow, of which some go by what was answered since."""
        keys = {what for what, _cluster in self.wrong}
        if not self.database_answers:
            keys.add("database-silent")
        since = self.answered - before.answered
        errors = sum(many for status, many in since.items() if status.startswith("5"))
        if errors > MOST_ERRORS * since.total():
            keys.add("answers-errors")
        return keys
