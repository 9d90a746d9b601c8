"""Preparing: once for each content, complete or refused."""

import json
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent.artifacts import Change
from agent.errors import TemplateError
from agent.ports import Sandbox
from agent.templates import load_template
from agent.trials.code import place_code
from agent.trials.prepare import Prepared, prepare
from agent.trials.runner import run_trial
from tests.trials.conftest import MICRO, Make

PREPARE = (MICRO / "prepare.py").read_text()
RANDOM = PREPARE.replace('"items": ITEMS', '"items": __import__("secrets").token_hex()')
"""Writes other data whenever it runs, so that equal hashes mean that it ran once."""


def test_prepared_data_have_every_part(micro: Prepared) -> None:
    template = micro.setup.template
    replicates = micro.data / "data" / "replicates"
    assert {path.name for path in replicates.iterdir()} == {
        str(r) for r in (*template.exploring, *template.confirming)
    }
    for split in ("dev", "test"):
        assert (micro.inputs(split) / "numbers.json").is_file()
        assert (micro.answers(split, 0) / "signs.json").is_file()
        assert split not in str(micro.inputs(split).relative_to(micro.data))


def test_answers_are_closed_to_other_users_of_the_machine(micro: Prepared) -> None:
    assert micro.answers("test", 0).is_relative_to(micro.store.resolve())
    assert stat.S_IMODE(micro.store.stat().st_mode) == 0o700


def test_prepare_runs_once_though_many_ask_at_once(sandbox: Sandbox, tmp_path: Path, changed: Make) -> None:
    template = changed(prepare=RANDOM)
    with ThreadPoolExecutor(3) as pool:
        work = [pool.submit(prepare, template, None, sandbox, tmp_path) for _ in range(3)]
        hashes = {one.result().setup.data_hash for one in work}
    assert len(hashes) == 1
    assert prepare(template, None, sandbox, tmp_path).setup.data_hash in hashes


def test_hashes_follow_the_data_and_the_pool_follows_the_test_part(
    sandbox: Sandbox, store: Path, micro: Prepared, changed: Make
) -> None:
    other_training = prepare(changed(prepare=PREPARE.replace("0.02)", "0.03)")), None, sandbox, store).setup
    other_test = prepare(changed(prepare=PREPARE.replace('f"{split}/{item}"', 'f"{split}-{item}"')), None,
                         sandbox, store).setup  # fmt: skip
    again = prepare(changed(prepare=PREPARE + "\n"), None, sandbox, store).setup
    assert other_training.data_hash != micro.setup.data_hash
    assert other_training.pool == micro.setup.pool
    assert other_test.pool != micro.setup.pool
    assert (again.data_hash, again.pool) == (micro.setup.data_hash, micro.setup.pool)


def test_a_failing_prepare_shows_the_end_of_its_log(sandbox: Sandbox, store: Path, changed: Make) -> None:
    template = changed(prepare="raise RuntimeError('no such corpus')")
    with pytest.raises(
        TemplateError, match=r"prepare\.py --regime \w+ ended with exit code 1:(?s:.*)no such corpus"
    ):
        prepare(template, None, sandbox, store)


@pytest.mark.parametrize(
    ("old", "new", "missing"),
    [
        ("range(REPLICATES)", "range(REPLICATES - 1)", "data/replicates/"),
        ('for split in ("dev", "test")', 'for split in ("dev",)', "data/test"),
        ('write(private / split / "signs.json"', 'write(private / "signs.json"', "private/dev"),
    ],
)
def test_a_template_without_a_part_of_its_data_names_the_part(
    sandbox: Sandbox, store: Path, changed: Make, old: str, new: str, missing: str
) -> None:
    assert old in PREPARE
    with pytest.raises(TemplateError, match=f"wrote no {missing}"):
        prepare(changed(prepare=PREPARE.replace(old, new)), None, sandbox, store)


LOOK = PREPARE.replace(
    '{"items": ITEMS}', '{"items": ITEMS, "names": [n for _, n in __import__("socket").if_nameindex()]}'
)
"""Writes down the network interfaces that it sees."""


@pytest.mark.parametrize("network", [False, True])
def test_prepare_sees_a_network_only_where_template_and_user_say_so(
    sandbox: Sandbox, store: Path, changed: Make, network: bool
) -> None:
    assert LOOK != PREPARE
    root = changed(prepare=f"{LOOK}# {network}\n").root
    path = root / "template.toml"
    path.write_text(path.read_text().replace("[prepare]\n", f"[prepare]\nnetwork = {str(network).lower()}\n"))
    ready = prepare(load_template(root), None, sandbox, store, allow_network=True)
    names = json.loads((ready.data / "data/common/about.json").read_text())["names"]
    assert (set(names) != {"lo"}) is network


def test_a_trial_has_no_network_where_prepare_had_one(sandbox: Sandbox, store: Path, changed: Make) -> None:
    offline = "import socket\nassert [n for _, n in socket.if_nameindex()] == ['lo']\n"
    experiment = (MICRO / "experiment.py").read_text()
    root = changed(prepare=f"{PREPARE}# once\n", experiment=offline + experiment).root
    path = root / "template.toml"
    path.write_text(path.read_text().replace("[prepare]\n", "[prepare]\nnetwork = true\n"))
    ready = prepare(load_template(root), None, sandbox, store, allow_network=True)
    result, _, outcomes = run_trial(ready.setup.trial(Change(), 0, "dev"), Change(), ready, sandbox)
    assert result.status == "ok", outcomes


def test_prepare_has_no_network_unless_the_user_lets_it(sandbox: Sandbox, store: Path, changed: Make) -> None:
    path = changed(prepare=PREPARE + "# anew\n").root / "template.toml"
    assert "[prepare]\n" in path.read_text()
    path.write_text(path.read_text().replace("[prepare]\n", "[prepare]\nnetwork = true\n"))
    with pytest.raises(TemplateError, match="prepares with a network"):
        prepare(load_template(path.parent), None, sandbox, store)


@pytest.mark.parametrize("damage", ["inputs", "private/test", "data/replicates/3", "prepared.json", "record"])
def test_damaged_data_are_prepared_again(sandbox: Sandbox, tmp_path: Path, damage: str) -> None:
    template = load_template(MICRO)
    before = prepare(template, None, sandbox, tmp_path)
    if damage == "record":
        (before.data / "prepared.json").write_text("{}")
    elif (before.data / damage).is_dir():
        shutil.rmtree(before.data / damage)
    else:
        (before.data / damage).unlink()
    after = prepare(template, None, sandbox, tmp_path)
    assert after.setup == before.setup
    assert (after.inputs("test") / "numbers.json").is_file()
    assert (after.answers("test", 0) / "signs.json").is_file()


def test_emptied_code_is_written_again(tmp_path: Path) -> None:
    folder = place_code(tmp_path, {"a.py": b"1", "b/c.py": b"2"})
    (folder / "a.py").unlink()
    (folder / "b" / "c.py").write_bytes(b"")
    assert place_code(tmp_path, {"a.py": b"1", "b/c.py": b"2"}) == folder
    assert ((folder / "a.py").read_bytes(), (folder / "b" / "c.py").read_bytes()) == (b"1", b"2")
