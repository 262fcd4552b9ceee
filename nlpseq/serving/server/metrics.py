"""Metrics in the text format of Prometheus."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Metrics:
    """What the server counts."""

    def __init__(self):
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        labels = ["model", "method"]
        self.requests = Counter(
            "nlpseq_requests", "Requests answered or refused.", [*labels, "status"], registry=registry
        )
        self.seconds = Histogram(
            "nlpseq_request_seconds", "Time to the end of an answer.", labels, registry=registry, buckets=SECONDS
        )
        self.texts = Counter("nlpseq_texts", "Texts in answered requests.", ["model"], registry=registry)
        self.batches = Histogram(
            "nlpseq_batch_requests", "Requests computed together.", registry=registry, buckets=COUNTS
        )
        self.rows = Histogram("nlpseq_batch_texts", "Texts computed together.", registry=registry, buckets=COUNTS)
        self.versions = Counter(
            "nlpseq_versions", "Versions by what became of them.", ["model", "outcome"], registry=registry
        )
        self.version = Gauge(
            "nlpseq_model_version", "Number of the version that answers.", ["model"], registry=registry
        )
        self.running = Gauge("nlpseq_requests_running", "Requests and streams at present.", ["what"], registry=registry)

    def batch(self, requests: int, rows: int) -> None:
        """Counts a batch."""
        self.batches.observe(requests)
        self.rows.observe(rows)

    def request(self, model: str, method: str, status: int, seconds: float, texts: int) -> None:
        """Counts a request."""
        self.requests.labels(model, method, status).inc()
        if method:
            self.seconds.labels(model, method).observe(seconds)
        if texts and status == 200:
            self.texts.labels(model).inc(texts)

    def text(self, versions: Iterable[tuple[str, int]], running: dict[str, int]) -> bytes:
        """All metrics, with the present values of those that are not counted."""
        for model, version in versions:
            self.version.labels(model).set(version)
        for kind, count in running.items():
            self.running.labels(kind).set(count)
        return generate_latest(self.registry)
