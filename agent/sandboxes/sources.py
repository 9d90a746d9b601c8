"""Where packages come from: what pip on this machine was told about indexes, proxies and certificates.

Promises that an engine's builds are told the same, apart from what stands in `~/.netrc` and keyrings. The
addresses may hold credentials: who hands them on sees to it that they end in no image.
"""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from agent.errors import SandboxUnavailable

OPTIONS = (
    "index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "proxy", "timeout", "retries",
)  # fmt: skip
"""Options of pip that say where packages come from; `cert` and `client-cert` name files."""
PLACES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS")
"""Variables that hold addresses or folders, with spaces between."""
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
"""Variables that name the certificates to trust where pip itself was told of none."""
NEUTRAL = "/"
"""Where the host's pip runs: the folder of the user may be a stranger's, with modules and archives in it."""
LOOPBACK = re.compile(r"//(?:[^/@\s]*@)?(?:localhost|127(?:\.\d+){3}|\[::1\])(?=[:/\s]|$)")


@dataclass(frozen=True)
class Sources:
    """What a build somewhere else has to be told."""

    variables: Mapping[str, str]
    """Environment variables: pip's options and the proxies."""
    certificates: Path | None
    client_certificate: Path | None

    @property
    def on_loopback(self) -> bool:
        """Whether one of them is reached only from the host's own network."""
        return any(LOOPBACK.search(value) for value in self.variables.values())

    def script(self, folder: str, names: Mapping[Path, str]) -> str:
        """Shell text that sets the variables inside a build.

        Args:
            folder: Where the certificates are seen inside, as `ca.pem` and `client.pem`.
            names: What a folder of the host is called inside.
        """
        variables = dict(self.variables)
        if self.certificates:
            variables["PIP_CERT"] = f"{folder}/ca.pem"
        if self.client_certificate:
            variables["PIP_CLIENT_CERT"] = f"{folder}/client.pem"
        for option in PLACES:
            if option in variables:
                variables[option] = " ".join(_inside(text, names) for text in variables[option].split())
        return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(variables.items()))

    def folders(self) -> list[Path]:
        """Folders of the host that packages are taken from, outermost first.

        An index that is a folder points at files beside it, so the folder above it is meant.
        """
        found = set()
        for option in PLACES:
            for text in self.variables.get(option, "").split():
                path = _local(text)
                if path is not None and path.is_dir():
                    found.add(path if option == "PIP_FIND_LINKS" or len(path.parts) < 3 else path.parent)
        return sorted(path for path in found if not any(other in path.parents for other in found))


def sources_of_host(pip: Sequence[str], environ: Mapping[str, str], ca_bundle: Path | None) -> Sources:
    """What the host's pip was told by its files and variables.

    Args:
        pip: The command of the host's pip.
        ca_bundle: Certificates that the settings name; they come before pip's own.

    Raises:
        SandboxUnavailable: pip cannot read its own configuration.
    """
    done = subprocess.run(
        [*pip, "config", "list"], capture_output=True, text=True, check=False, env=dict(environ), cwd=NEUTRAL
    )
    if done.returncode != 0:
        raise SandboxUnavailable(f"pip cannot read its configuration: {done.stderr.strip()[-300:]}")
    told = _effective(done.stdout)
    variables = {f"PIP_{key.replace('-', '_').upper()}": told[key] for key in OPTIONS if key in told}
    variables |= {name: value for name, value in environ.items() if name.lower() in PROXIES}
    named = [told.get("cert"), *(environ.get(name) for name in BUNDLES)]
    files = [path for path in (ca_bundle, *(Path(name) for name in named if name)) if path and path.is_file()]
    client = Path(told["client-cert"]) if "client-cert" in told else None
    return Sources(variables, files[0].resolve() if files else None, client)


def _effective(listing: str) -> dict[str, str]:
    """The options of `pip config list` that `pip install` takes: variables before install before global."""
    found: dict[str, str] = {}
    for section in ("global", "install", ":env:"):
        for line in listing.splitlines():
            name, _, value = line.partition("=")
            if name.startswith(f"{section}."):
                found[name.removeprefix(f"{section}.")] = str(ast.literal_eval(value))
    return found


def _local(text: str) -> Path | None:
    """The folder of the host that an address means; None for one on a network."""
    if text.startswith("file:"):
        return Path(unquote(urlsplit(text).path))
    return Path(text) if Path(text).is_absolute() else None


def _inside(text: str, names: Mapping[Path, str]) -> str:
    """An address as a build sees it whose folders are called otherwise."""
    path = _local(text)
    for folder, name in names.items():
        if path is not None and path.is_relative_to(folder):
            return Path(name, path.relative_to(folder)).as_uri()
    return text
