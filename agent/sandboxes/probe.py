"""Run inside an environment: says which Python, wheels and numeric kernels it has.

Writes JSON to the path it is given. Standard library only; imports numpy where the environment has it.
Not part of the program's own imports.
"""

import ctypes
import hashlib
import importlib.metadata
import importlib.util
import json
import platform
import sys

TOOLS = {"pip", "setuptools", "wheel"}
VOLATILE = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
CORE_NAMES = ("scipy_openblas_get_corename64_", "scipy_openblas_get_corename", "openblas_get_corename64_")


def wheels() -> list[list[str]]:
    """Name, version and hash of every installed distribution, tools left out."""
    found = []
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"].lower().replace("_", "-")
        if name in TOOLS:
            continue
        rows = []
        for row in (distribution.read_text("RECORD") or "").splitlines():
            path = row.split(",")[0]
            if path.endswith(".pyc") or path.startswith("..") or path.split("/")[-1] in VOLATILE:
                continue  # pip writes these itself, with paths of the installation
            rows.append(row)
        digest = hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()
        found.append([name, distribution.version, digest])
    return sorted(found)


def cpu_kernel() -> str:
    """The processor kernels that numpy and its OpenBLAS picked; `none` without numpy."""
    if importlib.util.find_spec("numpy") is None:
        return "none"
    import numpy

    core_module = next(
        module for name, module in sys.modules.items() if name.endswith("core._multiarray_umath")
    )

    core = "unknown"
    libraries = {line.split()[-1] for line in open("/proc/self/maps") if "openblas" in line}  # noqa: PTH123, SIM115
    for path in sorted(libraries):
        library = ctypes.CDLL(path)
        for name in CORE_NAMES:
            if hasattr(library, name):
                function = getattr(library, name)
                function.restype = ctypes.c_char_p
                core = function().decode()
    features = core_module.__cpu_features__
    dispatched = [name for name in core_module.__cpu_dispatch__ if features.get(name)]
    return f"numpy {numpy.__version__}: {core}; {' '.join(dispatched)}"


facts = {
    "python": platform.python_version(),
    "implementation": platform.python_implementation(),
    "architecture": platform.machine(),
    "wheels": wheels(),
    "cpu_kernel": cpu_kernel(),
}
with open(sys.argv[1], "w") as file:  # noqa: PTH123
    json.dump(facts, file)
