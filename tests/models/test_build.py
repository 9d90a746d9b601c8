"""A run's model is built from its settings, and what is wrong with them is told before anything is spent."""

import subprocess
import sys

import pytest
from pytest_httpserver import HTTPServer

from agent.errors import SettingsError
from agent.models.build import ModelSettings, build_model
from agent.models.providers import PROVIDERS, check_key, parse_spec
from agent.prompts import EDIT
from tests.models.server import ChatServer, completion
from tests.models.support import DATA, GOOD


def test_the_default_is_the_scripted_study_which_costs_nothing(tmp_path):
    built = build_model(ModelSettings(), tmp_path, {})
    answer = built.model.ask(EDIT, DATA, site="a/explore/1")
    assert built.scripted
    assert answer.model == built.name == "scripted"
    assert answer.value.none_because == "the scripted study proposes no edits"
    assert (built.spent().calls, built.spent().cost_usd) == (1, 0.0)
    assert [path.stem for path in tmp_path.iterdir()] == list(answer.calls)


@pytest.mark.parametrize("provider", [provider for provider in PROVIDERS.values() if not provider.local])
def test_a_missing_key_names_its_variable(provider):
    with pytest.raises(SettingsError, match=provider.key_variable):
        build_model(ModelSettings({"default": f"{provider.name}:m"}), None, {})
    assert build_model(ModelSettings({"default": f"{provider.name}:m"}), None, {provider.key_variable: "k"})


def test_local_servers_and_addresses_of_ones_own_need_no_key():
    assert check_key(parse_spec("ollama:qwen3"), {}) == "none"
    assert check_key(parse_spec("openai:m"), {}, "http://127.0.0.1:1/v1") == "none"


@pytest.mark.parametrize(
    ("models", "told"),
    [
        ({"default": "gpt-4o"}, "provider:name"),
        ({"default": "nobody:x"}, "known: openai, anthropic"),
        ({"default": "ollama:"}, "provider:name"),
        ({"default": "scripted", "write": "ollama:x"}, "cannot be mixed"),
        ({"write": "ollama:x"}, "needs a `default`"),
    ],
)
def test_wrong_models_are_told(models, told):
    with pytest.raises(SettingsError, match=told):
        build_model(ModelSettings(models), None, {})


def test_model_names_may_hold_colons():
    assert parse_spec("ollama:qwen3:8b").name == "qwen3:8b"


def test_every_role_may_have_its_own_model(httpserver: HTTPServer):
    server = ChatServer(httpserver, completion(GOOD))
    settings = ModelSettings({"default": "vllm:small", "code": "vllm:coder"}, base_url=server.base_url)
    built = build_model(settings, None, {})
    answer = built.model.ask(EDIT, DATA, site="a/explore/1")
    assert answer.model == "vllm:coder"
    assert server.requests[0]["model"] == "coder"
    assert built.spent().cost_usd == 0.0


def test_building_a_scripted_study_imports_no_sdk():
    code = (
        "import sys\n"
        "from agent.models.build import ModelSettings, build_model\n"
        "build_model(ModelSettings(), None, {})\n"
        "print(sorted({'openai', 'genai_prices', 'pylatexenc', 'langgraph'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
