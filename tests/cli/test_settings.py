"""Settings: which one wins, and that a mistyped one is an error with its place."""

from pathlib import Path
from typing import Any

import pytest

from agent.cli.init import settings_text
from agent.cli.settings import Settings, load
from agent.errors import SettingsError

NOTHING = "/nonexistent"
"""A folder for user settings that holds none."""


def effective(folder: Path, flags: dict[str, dict[str, Any]] | None = None, **environ: str) -> Settings:
    return load(flags or {}, folder, {"XDG_CONFIG_HOME": NOTHING, **environ})


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_flag_then_variable_then_folder_then_user(tmp_path: Path) -> None:
    write(tmp_path / "config/shoal/config.toml", "[run]\nseed = 1\nexplore = 11\nlag = 3\nworkers = 5\n")
    write(tmp_path / "shoal.toml", "[run]\nseed = 2\nexplore = 12\nworkers = 6\n")
    settings = effective(
        tmp_path,
        {"run": {"seed": 4, "explore": None, "workers": None}},
        XDG_CONFIG_HOME=str(tmp_path / "config"),
        SHOAL_RUN__SEED="3",
        SHOAL_RUN__EXPLORE="13",
    )
    assert (settings.run.seed, settings.run.explore, settings.run.workers, settings.run.lag) == (4, 13, 6, 3)


def test_a_file_that_came_with_a_template_does_not_say_who_gets_a_key(tmp_path: Path) -> None:
    (tmp_path / "shoal.toml").write_text('[models]\nbase_url = "http://elsewhere/v1"\n')
    key = {"OPENAI_API_KEY": "secret-key"}
    model = {"models": {"default": "openai:x"}}
    with pytest.raises(SettingsError, match=r"would get your OPENAI_API_KEY.*--base-url http://elsewhere/v1"):
        load(model, tmp_path, key)
    said = {"models": {"default": "openai:x", "base_url": "http://elsewhere/v1"}}
    assert load(said, tmp_path, key).models.base_url == "http://elsewhere/v1"
    variable = {**key, "SHOAL_MODELS__BASE_URL": "http://mine/v1"}
    assert load(model, tmp_path, variable).models.base_url == "http://mine/v1"
    assert load(model, tmp_path, {}).models.base_url == "http://elsewhere/v1"
    assert load({"models": {"default": "vllm:x"}}, tmp_path, key).models.base_url == "http://elsewhere/v1"


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ('base_image = "theirs:1"', "base_image", "mine:1"),
        ('allow_unenforced = ["memory", "cpu"]', "allow_unenforced", '["memory"]'),
        ("gpus = 1", "gpus", "2"),
    ],
)
def test_a_file_that_came_with_a_template_does_not_loosen_the_sandbox(
    tmp_path: Path, line: str, key: str, value: str
) -> None:
    path = write(tmp_path / "shoal.toml", f"[run]\nseed = 1\n[sandbox]\n{line}\n")
    with pytest.raises(SettingsError, match=f"sandbox.{key} decides what holds experiments") as caught:
        effective(tmp_path)
    assert str(caught.value).startswith(f"{path}:4: ")
    assert f"SHOAL_SANDBOX__{key.upper()}" in str(caught.value)
    said = effective(tmp_path, **{f"SHOAL_SANDBOX__{key.upper()}": value})
    assert getattr(said.sandbox, key) in (value, ("memory",), int(value) if value.isdigit() else None)
    write(tmp_path / "config/shoal/config.toml", f"[sandbox]\n{line}\n")
    own = effective(tmp_path, XDG_CONFIG_HOME=str(tmp_path / "config"))
    path.unlink()
    assert effective(tmp_path, XDG_CONFIG_HOME=str(tmp_path / "config")).sandbox == own.sandbox


def test_a_flag_goes_before_what_a_file_allows_experiments(tmp_path: Path) -> None:
    write(tmp_path / "shoal.toml", '[sandbox]\nkind = "bubblewrap"\nallow_unenforced = ["memory"]\n')
    flagged = effective(tmp_path, {"sandbox": {"allow_unenforced": ("cpu",)}})
    assert (flagged.sandbox.kind, flagged.sandbox.allow_unenforced) == ("bubblewrap", ("cpu",))


def test_a_nested_variable_reaches_its_table(tmp_path: Path) -> None:
    bundle = write(tmp_path / "ca.pem", "")
    variables = {"SHOAL_SANDBOX__BASE_IMAGE": "debian:12", "SHOAL_SANDBOX__CA_BUNDLE": str(bundle)}
    sandbox = effective(tmp_path, **variables).sandbox
    assert (sandbox.base_image, sandbox.ca_bundle) == ("debian:12", bundle)


def test_prices_are_named_by_model(tmp_path: Path) -> None:
    write(tmp_path / "shoal.toml", '[prices."openai:gpt-x"]\ninput_usd = 1\noutput_usd = 2.5\n')
    assert effective(tmp_path).prices["openai:gpt-x"].output_usd == 2.5


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("[run]\nseed = 1\nsede = 2\n", ":3:", "run.sede"),
        ("[sandbox]\n\nimage = 'x'\n", ":3:", "base_image"),
        ("[colours]\nblue = 1\n", ":1:", "colours"),
        ("[literature]\nsources = ['x']\n", ":2:", "literature.sources"),
        ("[run]\nseed = 'many'\n", ":2:", "'many'"),
        ("[run]\nexplore = 1000000000\n", ":2:", "less than or equal to 10000"),
        ("[run]\nlag = 1000000000\n", ":2:", "less than or equal to 10000"),
        ("[sandbox]\nkind = 'none'\n", ":2:", "sandbox.kind"),
        ('[prices."a:b"]\ninput_usd = 1\noutput_usd = 1\nper_call = 3\n', ":4:", "per_call"),
    ],
)
def test_a_wrong_key_in_a_file_is_named_with_its_line(
    tmp_path: Path, text: str, place: str, words: str
) -> None:
    path = write(tmp_path / "shoal.toml", text)
    with pytest.raises(SettingsError) as caught:
        effective(tmp_path)
    assert str(caught.value).startswith(f"{path}{place}")
    assert words in str(caught.value)


def test_broken_toml_is_named_with_its_line(tmp_path: Path) -> None:
    write(tmp_path / "shoal.toml", "[run]\nseed = \n")
    with pytest.raises(SettingsError, match="line 2"):
        effective(tmp_path)


@pytest.mark.parametrize("name", ["SHOAL_SEED", "SHOAL_RUN__SEDE", "SHOAL_RUN_SEED", "SHOAL_COLOURS__BLUE"])
def test_an_unknown_variable_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        effective(tmp_path, **{name: "1"})


def test_a_variable_with_a_wrong_value_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"SHOAL_RUN__SEED.*soon"):
        effective(tmp_path, SHOAL_RUN__SEED="soon")


def test_variables_of_the_tests_are_no_settings(tmp_path: Path) -> None:
    effective(tmp_path, SHOAL_TEST_NO_SKIP="0")


def test_the_written_file_changes_nothing_until_a_line_is_uncommented(tmp_path: Path) -> None:
    before = effective(tmp_path)
    write(tmp_path / "shoal.toml", settings_text())
    assert effective(tmp_path).model_dump() == before.model_dump()
    write(tmp_path / "shoal.toml", settings_text().replace("#seed = 0", "seed = 7"))
    assert effective(tmp_path).run.seed == 7
