"""Does a model server answer: one free request for its list of models.

A run asks before it begins, so that a server which is not there is one line and not a row of waits.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import TYPE_CHECKING

from agent.cli import build
from agent.errors import ModelUnavailable, SettingsError

if TYPE_CHECKING:
    from agent.cli.settings import Settings

PATIENCE_S = 10


def someone_listens(settings: Settings) -> None:
    """Make sure that the server of every model of a run answers at all, whatever it answers.

    Raises:
        SettingsError: an address is none.
        ModelUnavailable: a server does not answer.
    """
    from agent.models.providers import parse_spec

    models = build.models_of(settings)
    for text in sorted({models.default, *models.others.values()}):
        address = _address(settings.models.base_url or parse_spec(text).provider.base_url)
        try:
            with urllib.request.urlopen(address, timeout=PATIENCE_S):
                pass
        except urllib.error.HTTPError as error:
            error.close()
        except (OSError, HTTPException) as error:
            raise _silent(address, error, f"; is it running? (`shoal models test {text}` tries it)") from None


def _address(base_url: str) -> str:
    address = base_url.rstrip("/") + "/models"
    if not address.startswith(("http://", "https://")):
        raise SettingsError(f"the model server's address {address} must begin with http:// or https://")
    return address


def _silent(address: str, error: Exception, hint: str = "") -> ModelUnavailable:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return ModelUnavailable(f"no answer from {address} ({reason}){hint}")


def reach(text: str, base_url: str | None, environ: Mapping[str, str]) -> str:
    """Ask the server of `provider:name` for its models; returns what it said, in words.

    Raises:
        SettingsError: unknown provider, no key, or a key that the server refuses.
        ModelUnavailable: no answer.
    """
    from agent.models.providers import check_key, parse_spec

    spec = parse_spec(text)
    key = check_key(spec, environ, base_url)
    address = _address(base_url or spec.provider.base_url)
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            listed = json.load(answer).get("data", [])
    except urllib.error.HTTPError as error:
        with error:
            if error.code in (401, 403):
                raise SettingsError(f"{address} refuses the key of {spec} ({error.code})") from None
            return f"{address} answers ({error.code}), without a list of models"
    except (ValueError, AttributeError):
        return f"{address} answers, without a list of models"
    except (OSError, HTTPException) as error:
        raise _silent(address, error) from None
    names = {str(model.get("id")) for model in listed if isinstance(model, dict)}
    known = "has" if spec.name in names else f"lists {len(names)} models, not"
    return f"{address} answers and {known} {spec.name}"
