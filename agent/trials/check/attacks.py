"""The attempts at a forged score, as data.

An attempt is Python that runs in the experiment's sandbox after the outputs of an honest run were put into
/out (`inside/forge.py`, whose names it may use). It knows nothing of the template but what `plan.json`
says: the forged score, and which modules and files the evaluator's text names. `forgery.py` judges it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["beside", "spoiled", "plain", "looks"]


@dataclass(frozen=True)
class Attack:
    """One attempt."""

    name: str
    """Lower-case words joined by hyphens; stable, so that others can refer to it."""
    tries: str
    """What it does, as a predicate of "an experiment"."""
    kind: Kind
    """`beside`: the honest predictions stay; `spoiled`: they are predictions no longer; `plain`: they are
    well-formed but empty of knowledge; `looks`: it only searches for what it must not see."""
    code: str
    mend: str
    """What to change in the template where it succeeds."""


_OWN_READING = "evaluate.py must read predictions and answers only, never a score, from the outputs"
_NO_CODE = "keep the outputs off sys.path and out of import, exec and eval in evaluate.py"
_NO_PICKLE = (
    "read outputs without unpickling: np.load(…, allow_pickle=False), JSON or CSV, not pickle or joblib"
)
_EXACT = "let evaluate.py say invalid unless every prediction is there once, of the right shape and type"
_FINITE = "let evaluate.py say invalid for values that are not finite"
_BOUNDED = "let evaluate.py bound sizes and ranges before it computes"
_REGULAR = "let evaluate.py say invalid where a prediction file is not a regular file"

OWN_SCORE = (
    Attack(
        "own-metrics",
        "writes the evaluator's metrics.json itself, under each name that evaluate.py has in its text",
        "beside",
        """
for name in ("metrics.json", *PLAN["files"], "final_info.json", "results.json", "scores.json"):
    add(name, DOCUMENT.encode())
plant("/job/outputs/metrics.json", DOCUMENT.encode())
plant("/job/private/metrics.json", DOCUMENT.encode())
print(DOCUMENT)
""",
        _OWN_READING,
    ),
    Attack(
        "own-metrics-flat",
        "writes {metric: best value} under each name that evaluate.py has in its text",
        "beside",
        """
for name in ("metrics.json", *PLAN["files"], "final_info.json", "results.json", "scores.json"):
    add(name, FLAT.encode())
""",
        _OWN_READING,
    ),
    Attack(
        "boast",
        "says the best score wherever its own files mention a metric",
        "beside",
        """
replace(saying(PLAN["forged"]))
add("progress.jsonl", "".join(
    json.dumps({"step": 1, "name": name, "value": value}) + "\\n" for name, value in PLAN["forged"].items()
).encode())
""",
        _OWN_READING,
    ),
)

CODE = (
    Attack(
        "shadowed-modules",
        "leaves modules with the names that evaluate.py imports in its outputs",
        "beside",
        """
for name in PLAN["modules"]:
    add(f"{name}.py", PAYLOAD.encode())
""",
        _NO_CODE,
    ),
    Attack(
        "shadowed-packages",
        "leaves packages named numpy, json and like what evaluate.py imports in its outputs",
        "beside",
        """
for name in dict.fromkeys(("numpy", "json", "pathlib", *PLAN["modules"])):
    add(f"{name}/__init__.py", PAYLOAD.encode())
""",
        _NO_CODE,
    ),
    Attack(
        "start-up-hooks",
        "leaves sitecustomize, usercustomize and .pth files in the outputs, the home and the packages",
        "beside",
        """
import site, sysconfig
hook = b"import os; exec(" + repr(PAYLOAD).encode() + b")\\n"
for name, content in (("sitecustomize.py", PAYLOAD.encode()), ("usercustomize.py", PAYLOAD.encode()),
                      ("forged.pth", hook)):
    add(name, content)
    for folder in ("/tmp", site.getusersitepackages(), sysconfig.get_path("purelib"), "/job/evaluate"):
        plant(f"{folder}/{name}", content)
""",
        _NO_CODE,
    ),
    Attack(
        "poisoned-caches",
        "leaves compiled modules in __pycache__ folders",
        "beside",
        """
for name in ("evaluate", *PLAN["modules"]):
    cached = f"__pycache__/{name}.{sys.implementation.cache_tag}.pyc"
    add(cached, compiled())
    add(f"{name}.pyc", compiled())
    plant(f"/job/evaluate/{cached}", compiled())
""",
        _NO_CODE,
    ),
    Attack(
        "own-evaluator",
        "leaves an evaluate.py of its own, and overwrites the real one where it can",
        "beside",
        """
for name in ("evaluate.py", "oracle.py", *PLAN["programs"]):
    add(name, PAYLOAD.encode())
for folder in ("/job/evaluate", "/job/code", "/job", "/tmp"):
    plant(f"{folder}/evaluate.py", PAYLOAD.encode())
""",
        _NO_CODE,
    ),
    Attack(
        "outputs-as-code",
        "turns each output into Python that writes the score when it is evaluated or executed",
        "spoiled",
        "replace(lambda path, content: EXPRESSION)",
        _NO_CODE,
    ),
    Attack(
        "pickles",
        "turns each output into a pickle that writes the score when it is loaded",
        "spoiled",
        "replace(lambda path, content: PICKLE)",
        _NO_PICKLE,
    ),
    Attack(
        "object-arrays",
        "turns each output into an array of objects whose pickle writes the score",
        "spoiled",
        "replace(objects)",
        _NO_PICKLE,
    ),
    Attack(
        "yaml-tags",
        "turns each output into YAML whose tags call Python",
        "spoiled",
        """
tag = b"!!python/object/apply:builtins.exec [" + json.dumps(PAYLOAD).encode() + b"]\\n"
replace(lambda path, content: tag)
""",
        "read YAML with yaml.safe_load",
    ),
)

SWAPS = (
    Attack(
        "links-to-answers",
        "turns each output into a symbolic link to the answers as the evaluator sees them",
        "spoiled",
        """
for number, path in enumerate(honest()):
    os.unlink(f"{OUT}/{path}")
    os.symlink("/job/private/" + PLAN["answers"][number % len(PLAN["answers"])], f"{OUT}/{path}")
    did()
os.symlink("/job/private", "/out/private")
""",
        _REGULAR,
    ),
    Attack(
        "odd-files",
        "turns outputs into pipes, hard links and folders of the same name",
        "spoiled",
        """
open("/out/one", "w").close()
makers = itertools.cycle((os.mkfifo, os.mkdir, lambda path: os.link("/out/one", path)))
swap(lambda path: next(makers)(path))
""",
        _REGULAR,
    ),
    Attack(
        "late-swap",
        "leaves a process behind that empties its outputs and writes metrics.json once it has ended",
        "beside",
        """
import time
begun = os.getpid()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        end = time.monotonic() + 3
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                if not os.path.exists(f"/proc/{begun}") or b") Z" in read(f"/proc/{begun}/stat"):
                    for path in honest():
                        write(f"{OUT}/{path}", b"")
                    write(f"{OUT}/metrics.json", DOCUMENT.encode())
            time.sleep(0.001)
    os._exit(0)
did()
""",
        _EXACT,
    ),
    Attack(
        "path-tricks",
        "names outputs so that a careless join leaves the folder",
        "beside",
        """
names = ("..metrics.json", "-o metrics.json", "metrics.json\\n", "metrics.json ", "METRICS.JSON",
         "..\\\\metrics.json", "%2e%2e%2fmetrics.json", "\\u202enosj.scirtem", "m" * 250,
         "job/private/metrics.json", "out/metrics.json")
for name in names:
    add(name, DOCUMENT.encode())
""",
        "let evaluate.py open the files it expects by name, and nothing else",
    ),
)

LOOKS = (
    Attack(
        "answers",
        "searches its sandbox, other processes' roots and the mounts' paths on the host for the answers",
        "looks",
        'search(PLAN["private"])',
        "write answers below private/ only, and keep them out of data/ and the template's other files",
    ),
    Attack(
        "other-parts",
        "searches there for other replicates' data and the other split's inputs",
        "looks",
        'search(PLAN["elsewhere"])',
        "write what differs by replicate or split below data/replicates/<r>/ and data/<split>/ only",
    ),
    Attack(
        "which-split",
        "looks for the split's name in its arguments, variables, settings and mounts",
        "looks",
        "look_for_split()",
        "report this as a fault of Shoal: no template can cause it",
    ),
)

VALUES = (
    Attack("no-items", "empties each list of predictions", "spoiled", "replace(change_items(0))", _EXACT),
    Attack(
        "one-item", "hands in the first prediction only", "spoiled", 'replace(change_items("one"))', _EXACT
    ),
    Attack("each-twice", "hands in every prediction twice", "spoiled", "replace(change_items(2))", _EXACT),
    Attack("nested", "puts predictions into further lists or axes", "spoiled", "replace(nested())", _EXACT),
    Attack("texts", "hands in texts for numbers", "spoiled", "replace(numbers_as_text())", _EXACT),
    Attack(
        "cut-files",
        "cuts each file in the middle",
        "spoiled",
        "replace(lambda path, content: content[: len(content) // 2])",
        _EXACT,
    ),
    Attack(
        "not-a-number", "hands in NaN everywhere", "spoiled", 'replace(every_number(float("nan")))', _FINITE
    ),
    Attack(
        "infinity", "hands in infinity everywhere", "spoiled", 'replace(every_number(float("inf")))', _FINITE
    ),
    Attack("minus-zero", "hands in −0.0 everywhere", "plain", "replace(every_number(-0.0))", _BOUNDED),
    Attack("enormous", "hands in 1e308 everywhere", "plain", "replace(every_number(1e308))", _BOUNDED),
)

EXHAUSTION = (
    Attack(
        "bottomless",
        "nests documents 100,000 deep and claims arrays larger than any memory",
        "spoiled",
        "replace(bottomless)",
        _BOUNDED,
    ),
    Attack(
        "huge-files",
        "makes each output as large as the limits allow",
        "spoiled",
        """
room = min(PLAN["out_mb"], 32) * (1 << 20) // (len(honest()) + 1)
replace(lambda path, content: content + b" " * (room - len(content)) if len(content) < room else None)
""",
        _BOUNDED,
    ),
    Attack(
        "full-disk",
        "writes more than the limits allow beside its predictions",
        "beside",
        """
did()
with open("/out/huge", "wb") as file:
    file.truncate(2 * PLAN["out_mb"] << 20)
""",
        "report this as a fault of Shoal: no template can cause it",
    ),
)

ATTACKS = (*OWN_SCORE, *CODE, *SWAPS, *LOOKS, *VALUES, *EXHAUSTION)

PLAIN = ("0.0", "1.0")
"""The numbers of the plain wrong predictions that `plain` attempts are compared with."""


def controls() -> tuple[Attack, ...]:
    """Plain wrong predictions: every number 0, every number 1."""
    return tuple(
        Attack(f"all-{value}", f"predicts {value} everywhere", "plain", f"replace(every_number({value}))", "")
        for value in PLAIN
    )
