"""The numbers that a scraper reads."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families


def numbers(exposed: str) -> dict[str, float]:
    """Each sample by its name and the values of its labels, in the order of their names."""
    return {
        " ".join([sample.name, *(value for _, value in sorted(sample.labels.items()))]): sample.value
        for family in text_string_to_metric_families(exposed)
        for sample in family.samples
    }
