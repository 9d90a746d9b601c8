"""Does a model server answer: one free request for its list of models."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping

from agent.errors import ModelUnavailable, SettingsError

PATIENCE_S = 10


def reach(text: str, base_url: str | None, environ: Mapping[str, str]) -> str:
    """Ask the server of `provider:name` for its models; returns what it said, in words.

    Raises:
        SettingsError: unknown provider, no key, or a key that the server refuses.
        ModelUnavailable: no answer.
    """
    from agent.models.providers import check_key, parse_spec

    spec = parse_spec(text)
    key = check_key(spec, environ, base_url)
    address = (base_url or spec.provider.base_url).rstrip("/") + "/models"
    if not address.startswith(("http://", "https://")):
        raise SettingsError(f"the model server's address {address} must begin with http:// or https://")
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
    except OSError as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise ModelUnavailable(f"no answer from {address} ({reason})") from None
    names = {str(model.get("id")) for model in listed if isinstance(model, dict)}
    known = "has" if spec.name in names else f"lists {len(names)} models, not"
    return f"{address} answers and {known} {spec.name}"
