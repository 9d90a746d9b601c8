"""`shoal calls` tells what each call to a model took, and no key of a server reaches any file of a run."""

import json

from tests.cli.recorded import IDEA, KEY, MODEL, RULES, SERVED, Recorded
from tests.cli.support import in_folder


def test_each_call_is_a_row_and_the_sums_are_those_of_the_run(recorded: Recorded) -> None:
    done = in_folder(recorded.workspace)("calls", SERVED, "--json")
    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert len(document["calls"]) == len(recorded.bodies) - 1
    assert [row["prompt"] for row in document["calls"]] == [
        body["response_format"]["json_schema"]["name"] for body in recorded.bodies[1:]
    ]
    assert all(row["seconds"] > 0 and row["model"] == MODEL for row in document["calls"])
    assert all(0 < row["cached_tokens"] < row["prompt_tokens"] for row in document["calls"])
    assert document["answered_by_rules"] == 0
    for name in ("prompt_tokens", "completion_tokens", "cost_usd"):
        whole = sum(row[name] for row in document["calls"])
        assert abs(document["sum"][name] - whole) < 1e-9
        assert abs(sum(stage[name] for stage in document["stages"].values()) - whole) < 1e-9
    assert f"cost ${document['sum']['cost_usd']:.2f}" in recorded.told


def test_the_table_names_stage_prompt_site_and_sums(recorded: Recorded) -> None:
    lines = in_folder(recorded.workspace)("calls", SERVED).stdout.splitlines()
    assert lines[0].split()[:4] == ["stage", "prompt", "site", "model"]
    assert lines[1].split()[:3] == ["ideate", "ideate", f"v{lines[1].split()[2][1:]}"]
    assert any(line.startswith("write") and f"{IDEA}/write/results" in line for line in lines)
    assert lines[-1].split()[:2] == ["all", str(len(recorded.bodies) - 1)]


def test_the_calls_of_one_idea_leave_out_those_of_the_run(recorded: Recorded) -> None:
    shoal = in_folder(recorded.workspace)
    rows = json.loads(shoal("calls", SERVED, "--idea", IDEA, "--json").stdout)["calls"]
    assert len(rows) == len(recorded.bodies) - 2
    assert "ideate" not in {row["prompt"] for row in rows}
    wrong = shoal("calls", SERVED, "--idea", "nobody")
    assert wrong.returncode == 2
    assert f"there is: {IDEA}, run" in wrong.stderr


def test_a_study_by_rules_says_that_no_model_was_called(recorded: Recorded) -> None:
    shoal = in_folder(recorded.workspace)
    assert shoal("calls", RULES).stdout == "no language model was called: 13 prompts were answered by rules\n"
    document = json.loads(shoal("calls", RULES, "--json").stdout)
    assert (document["answered_by_rules"], document["calls"], document["sum"]["calls"]) == (13, [], 0)


def test_a_call_that_was_left_unanswered_is_listed_with_what_it_may_have_cost(recorded: Recorded) -> None:
    note = recorded.workspace / "experiments" / SERVED / "calls" / f"{'0' * 64}-0.reserved.json"
    usage = {"prompt_tokens": 7, "cached_tokens": 0, "completion_tokens": 5, "reasoning_tokens": 0}
    content = {"site": "a/write/results", "prompt": "section", "model": MODEL, "calls": 1}
    note.write_text(json.dumps({**content, "usage": usage, "cost_usd": 0.5}))
    try:
        row = json.loads(in_folder(recorded.workspace)("calls", SERVED, "--json").stdout)["calls"][-1]
    finally:
        note.unlink()
    assert (row["ended"], row["stage"], row["cost_usd"]) == ("unanswered", "write", 0.5)


def test_no_key_reaches_any_file_though_the_server_repeats_it(recorded: Recorded) -> None:
    files = [path for path in recorded.workspace.rglob("*") if path.is_file()]
    assert {"checkpoint.sqlite", "events.jsonl", "run.json", "paper.tex"} <= {path.name for path in files}
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
    assert KEY not in recorded.told
    removed = [path.name for path in files if b"[key removed]" in path.read_bytes()]
    assert "idea.json" in removed
    assert any(name.endswith(".json") and len(name) == 69 for name in removed)  # the journal
