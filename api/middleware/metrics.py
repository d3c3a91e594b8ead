"""What Prometheus is told. One registry for each app, so that two in a process do not add up."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from rag.answers import Result

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The numbers that operators watch, in a Prometheus registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # memory, open files, processor time
        self._requests = Counter(
            "sourcespan_requests_total", "HTTP requests.", ("method", "route", "status"), registry=self.registry
        )
        self._request_seconds = Histogram(
            "sourcespan_request_seconds", "HTTP requests.", ("route",), buckets=_SECONDS, registry=self.registry
        )
        self._questions = Counter("sourcespan_questions_total", "Questions.", ("outcome",), registry=self.registry)
        self._part_seconds = Histogram(
            "sourcespan_question_seconds", "Questions, by part.", ("part",), buckets=_SECONDS, registry=self.registry
        )
        self._batch = Histogram(
            "sourcespan_batch_questions",
            "Questions read together.",
            buckets=(1, 2, 4, 8, 16, 32),
            registry=self.registry,
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts an HTTP request that is over, and how long it took."""
        self._requests.labels(method, route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def waited(self, seconds: float) -> None:
        """Counts a question whose turn has come after so many seconds of waiting."""
        self._part_seconds.labels("wait").observe(seconds)

    def batch(self, questions: int) -> None:
        """Counts a batch of so many questions that are read together."""
        self._batch.observe(questions)

    def answered(self, result: Result) -> None:
        """Counts a question that has its result, and how long each part of it took."""
        self._questions.labels(result.status).inc()
        timings = result.timings
        for part, ms in (("embed", timings.embed), ("retrieve", timings.retrieve), ("read", timings.read)):
            self._part_seconds.labels(part).observe(ms / 1e3)

    def gauge(self, name: str, what: str, value: Callable[[], float]) -> None:
        """A number that is looked up whenever somebody asks."""
        Gauge(f"sourcespan_{name}", what, registry=self.registry).set_function(value)

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self.registry)
