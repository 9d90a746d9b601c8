"""Does a model server answer: one free request for its list of models.

A run asks before it begins, so that a server which is not there is one line and not a row of waits. No
request follows a server to another address: its key is for the one that was named.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING

from agent.cli import build
from agent.errors import ModelUnavailable, SettingsError

if TYPE_CHECKING:
    from agent.cli.settings import Settings
    from agent.models.providers import Spec

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
            with _opened(urllib.request.Request(address)):
                pass
        except urllib.error.HTTPError as error:
            error.close()
        except (OSError, HTTPException) as error:
            raise _silent(address, error, f"; is it running? (`shoal models test {text}` tries it)") from None


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows nowhere: a redirect is an answer like any other status."""

    def redirect_request(self, *_arguments: object) -> None:
        """None ends the way here."""


def _opened(request: urllib.request.Request) -> HTTPResponse:
    opened: HTTPResponse = urllib.request.build_opener(_Stay).open(request, timeout=PATIENCE_S)
    return opened


def _headers(spec: Spec, key: str, base_url: str | None) -> dict[str, str]:
    """The key as the provider's list of models takes it; another server may want it the usual way too."""
    usual = {"Authorization": f"Bearer {key}"} if base_url else {}
    return usual | {name: value.format(key=key) for name, value in spec.provider.list_headers}


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
    from agent.models.keys import MARK
    from agent.models.providers import check_key, parse_spec

    spec = parse_spec(text)
    key = check_key(spec, environ, base_url)
    address = _address(base_url or spec.provider.base_url)
    try:
        with _opened(urllib.request.Request(address, headers=_headers(spec, key, base_url))) as answer:
            listed = json.load(answer).get("data", [])
    except urllib.error.HTTPError as error:
        with error:
            if error.code in (401, 403):
                raise SettingsError(f"{address} refuses the key of {spec} ({error.code})") from None
            if 300 <= error.code < 400:
                to = error.headers.get("location", "another address").replace(key, MARK)
                raise SettingsError(
                    f"{address} sends on to {to} ({error.code}), which is not followed: name the address "
                    "that is meant with --base-url"
                ) from None
            return f"{address} answers ({error.code}), without a list of models"
    except (ValueError, AttributeError):
        return f"{address} answers, without a list of models"
    except (OSError, HTTPException) as error:
        raise _silent(address, error) from None
    names = {str(model.get("id")) for model in listed if isinstance(model, dict)}
    known = "has" if spec.name in names else f"lists {len(names)} models, not"
    return f"{address} answers and {known} {spec.name}"
