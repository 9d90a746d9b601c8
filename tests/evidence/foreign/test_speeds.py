"""What is said of speed: ratios are ratios of times, and things per second are measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.evidence.audit.foreign import audit_paper

RESULTS = {
    "cifar": {
        "heun": {"fid": 6.31, "latency_ms": 95.0, "throughput_img_s": 114.2},
        "unipc": {"fid": 4.12, "latency_ms": 69.3, "throughput_img_s": 156.8},
    },
    "celeba": {
        "heun": {"fid": 9.05, "latency_ms": 180.0, "throughput_img_s": 61.3},
        "unipc": {"fid": 7.77, "latency_ms": 141.0, "throughput_img_s": 78.4},
    },
}


def statuses(folder: Path, text: str) -> dict[str, str]:
    """What the audit says of each literal."""
    (folder / "results").mkdir()
    (folder / "results" / "all.json").write_text(json.dumps(RESULTS))
    body = "\\documentclass{article}\n\\begin{document}\n%s\n\\end{document}\n"
    (folder / "paper.tex").write_text(body % text)
    found = audit_paper(folder / "paper.tex", folder / "results")
    return {number.literal.rstrip("\\%"): number.status for number in found.numbers}


@pytest.mark.parametrize(
    "sentence",
    [
        r"On CIFAR, UniPC is $1.37\times$ faster than Heun.",
        r"On CIFAR, Heun is $1.37\times$ slower than UniPC.",
        r"UniPC gives a speed-up of $1.37\times$ over Heun on CIFAR.",
        r"The FID of UniPC on CIFAR is lower. On CIFAR, UniPC is $1.37\times$ faster than Heun.",
    ],
)
def test_faster_compares_times_whatever_metric_was_named_before(tmp_path: Path, sentence: str) -> None:
    assert statuses(tmp_path, sentence)["1.37"] == "supported"


@pytest.mark.parametrize(("percent", "status"), [("27", "supported"), ("34.7", "unsupported")])
def test_percent_faster_compares_times(tmp_path: Path, percent: str, status: str) -> None:
    sentence = rf"The FID of UniPC on CIFAR is lower. On CIFAR, UniPC is {percent}\% faster than Heun."
    assert statuses(tmp_path, sentence)[percent] == status


@pytest.mark.parametrize("ratio", ["1.53", "1.28", "1.61"])
def test_the_ratio_of_a_quality_of_another_data_set_or_of_none_is_no_speed(
    tmp_path: Path, ratio: str
) -> None:
    sentence = rf"The FID of UniPC on CIFAR is lower. On CIFAR, UniPC is ${ratio}\times$ faster than Heun."
    assert statuses(tmp_path, sentence)[ratio] == "unsupported"


@pytest.mark.parametrize(
    ("number", "status"), [("114", "supported"), ("131", "unsupported"), ("157", "unsupported")]
)
@pytest.mark.parametrize("unit", ["images per second", "images/s", "generated images each second"])
def test_things_per_second_are_measured(tmp_path: Path, number: str, status: str, unit: str) -> None:
    sentences = f"The FID of Heun on CIFAR is higher. Heun reaches {number} {unit} on CIFAR."
    assert statuses(tmp_path, sentences)[number] == status


def test_a_rate_whose_sentence_names_no_result_is_a_setting(tmp_path: Path) -> None:
    assert statuses(tmp_path, "All videos were recorded at 30 frames per second.")["30"] == "setting"
