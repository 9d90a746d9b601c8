"""Papers of other systems: which of their numbers the results support, by the words around them."""

import json
from pathlib import Path

import pytest

from agent.evidence.audit.foreign import Report, Unauditable, audit_paper

RESULTS = {
    "adam": {
        "cifar10": {"test_acc": 0.9124, "val_loss": 0.312},
        "svhn": {"test_acc": 0.8871, "val_loss": 0.423},
    },
    "sgd": {
        "cifar10": {"test_acc": 0.8812, "val_loss": 0.391},
        "svhn": {"test_acc": 0.9033, "val_loss": 0.367},
    },
}


def audited(tmp_path: Path, body: str, *, preamble: str = "", results: object = RESULTS) -> Report:
    """The audit of a paper with this body beside these results."""
    paper = tmp_path / "paper.tex"
    paper.write_text(
        f"\\documentclass{{article}}\n{preamble}\\begin{{document}}\n{body}\n\\end{{document}}\n"
    )
    folder = tmp_path / "results"
    folder.mkdir(exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results))
    return audit_paper(paper, folder)


def statuses(report: Report) -> dict[str, str]:
    """Each literal with its status."""
    return {number.literal: number.status for number in report.numbers}


def test_a_value_is_supported_only_beside_its_own_names(tmp_path: Path) -> None:
    body = "On CIFAR-10, Adam reaches a test accuracy of 91.2\\%, compared to 88.1\\% for SGD."
    assert statuses(audited(tmp_path, body)) == {
        "10": "structural",
        "91.2%": "supported",
        "88.1%": "supported",
    }
    swapped = "On CIFAR-10, Adam reaches a test accuracy of 88.1\\%, compared to 91.2\\% for SGD."
    assert statuses(audited(tmp_path, swapped)) == {
        "10": "structural",
        "91.2%": "unsupported",
        "88.1%": "unsupported",
    }


def test_an_invented_number_is_flagged_with_its_place_and_the_nearest_value(tmp_path: Path) -> None:
    (number,) = audited(tmp_path, "Text.\n\nOn SVHN the validation loss of Adam is 0.415.").unsupported
    assert (number.literal, number.line, number.column) == ("0.415", 5, 40)
    assert number.nearest.startswith("0.423 at results.json: adam.svhn.val_loss")


def test_cells_are_judged_by_their_headers(tmp_path: Path) -> None:
    table = (
        "\\begin{table}\\caption{Test accuracy (\\%).}\\begin{tabular}{lcc}\\toprule\n"
        "Method & CIFAR-10 & SVHN \\\\ \\midrule\n"
        "Adam & \\textbf{91.2} & 88.7 \\\\\nSGD & 90.3 & 88.1 \\\\ \\bottomrule\\end{tabular}\\end{table}"
    )
    found = {number.literal: number.status for number in audited(tmp_path, table).numbers}
    assert found == {
        "10": "structural",
        "91.2": "supported",
        "88.7": "supported",
        "90.3": "unsupported",
        "88.1": "unsupported",
    }


@pytest.mark.parametrize(
    ("sentence", "status"),
    [
        ("Adam improves the test accuracy over SGD on CIFAR-10 by 3.1 points.", "supported"),
        ("Adam improves the test accuracy over SGD on CIFAR-10 by 4.4 points.", "unsupported"),
        ("Relative to SGD, Adam reduces the validation loss on CIFAR-10 by 20.2\\%.", "supported"),
        ("Relative to SGD, Adam reduces the validation loss on CIFAR-10 by 31.5\\%.", "unsupported"),
        ("On SVHN, Adam has a 1.15$\\times$ higher validation loss than SGD.", "supported"),
        ("On SVHN, Adam has a 1.42$\\times$ higher validation loss than SGD.", "unsupported"),
    ],
)
def test_changes_need_two_values(tmp_path: Path, sentence: str, status: str) -> None:
    assert [n.status for n in audited(tmp_path, sentence).numbers if n.literal != "10"] == [status]


def test_macros_and_included_files_hide_no_number(tmp_path: Path) -> None:
    (tmp_path / "part.tex").write_text("On SVHN, SGD has a test accuracy of 95.5\\%.")
    report = audited(
        tmp_path,
        "On SVHN, Adam has a test accuracy of \\best\\%.\n\n\\input{part}",
        preamble="\\newcommand{\\best}{97.3}\n",
    )
    assert [(n.literal, n.file, n.status) for n in report.numbers] == [
        ("97.3%", "paper.tex", "unsupported"),
        ("95.5%", "part.tex", "unsupported"),
    ]


def test_what_is_not_printed_is_not_judged(tmp_path: Path) -> None:
    body = "Words. % Adam 0.123\n\\begin{verbatim}\nacc 0.456\n\\end{verbatim}\n\\cite{key2020}"
    assert audited(tmp_path, body).numbers == []


def test_a_file_outside_the_papers_folder_is_not_read(tmp_path: Path) -> None:
    report = audited(tmp_path, "Words. \\input{../secret}")
    assert [item.subject for item in report.files] == ["../secret"]
    assert not report.passed


def test_settings_need_no_result_but_may_not_contradict_the_number_of_seeds(tmp_path: Path) -> None:
    results = {"adam": {"acc": [0.91, 0.92, 0.93]}, "sgd": {"acc": [0.81, 0.82, 0.83]}}
    body = "We train for 20 epochs with a batch size of 64 and a learning rate of 1e-3, with 30 seeds."
    found = statuses(audited(tmp_path, body, results=results))
    assert found == {"20": "setting", "64": "setting", "1e-3": "setting", "30": "unsupported"}


def test_an_improvement_that_goes_the_wrong_way_is_a_statement_finding(tmp_path: Path) -> None:
    body = "On SVHN, Adam shows an improvement of the validation loss over SGD, from 0.367 to 0.423."
    (remark,) = audited(tmp_path, body).statements
    assert remark.kind == "direction"


def test_references_and_figures_are_checked(tmp_path: Path) -> None:
    (tmp_path / "refs.bib").write_text(
        "@article{one, title={A}}\n@article{two, title={B}}\n@article{one, title={A}}\n"
    )
    report = audited(tmp_path, "See \\cite{one,three}. \\includegraphics{none.png}\\bibliography{refs}")
    assert {(r.kind, r.subject) for r in report.references} == {
        ("duplicated", "one"),
        ("unknown", "three"),
        ("uncited", "two"),
    }
    assert [r.subject for r in report.figures] == ["none.png"]


@pytest.mark.parametrize(
    "body", ["{" * 300 + "x" + "}" * 300, "a } b", "\\begin{table} x", " ".join(map(str, range(5000)))]
)
def test_hostile_papers_are_refused(tmp_path: Path, body: str) -> None:
    with pytest.raises(Unauditable):
        audited(tmp_path, body)
