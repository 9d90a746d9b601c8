"""docs/security.md names a test behind each promise."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_every_test_named_on_the_page_exists_and_every_promise_names_one() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert named - set(re.findall(r"^def (test_\w+)\(", sources, re.MULTILINE)) == set()
    promises = [line for line in page.splitlines() if line.startswith("| ")][1:]
    assert len(promises) > 10
    assert [line for line in promises if "`test_" not in line] == []
