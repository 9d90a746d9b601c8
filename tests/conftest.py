"""What every test shares: where Docker is missing its tests skip; with SHOAL_TEST_NO_SKIP=1 a skip fails.

Promises that nothing here replaces a real component.
"""

import os
import signal
from collections.abc import Generator
from functools import cache

import pytest

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a shell sets this for what it runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # and commands under test would inherit it

BASE_IMAGE = "SHOAL_SANDBOX__BASE_IMAGE"
NO_SKIP = "SHOAL_TEST_NO_SKIP"


def base_image() -> str:
    """The image that Docker sandboxes are built on: the named one, else Shoal's default."""
    from agent.sandboxes.docker import BASE_IMAGE as DEFAULT

    return os.environ.get(BASE_IMAGE, DEFAULT)


@cache
def docker_problem() -> str | None:
    """Why tests with the mark `docker` cannot run, asked of the engine itself; None where they can."""
    import docker
    from docker.errors import DockerException, ImageNotFound

    image = base_image()
    try:
        client = docker.from_env(timeout=10)
    except DockerException as error:
        return f"no Docker engine answers: {str(error).splitlines()[0][:160]}"
    try:
        client.images.get(image)
    except ImageNotFound:
        return f"the Docker engine has no image {image}: pull it, or name another with {BASE_IMAGE}"
    except DockerException as error:
        return f"the Docker engine failed: {str(error).splitlines()[0][:160]}"
    finally:
        client.close()
    return None


@pytest.fixture(scope="session")
def docker_base_image() -> str:
    """The image that sandboxes are built on; skips with the reason where engine or image is missing."""
    problem = docker_problem()
    if problem:
        pytest.skip(problem)
    return base_image()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("docker"):
        problem = docker_problem()
        if problem:
            pytest.skip(problem)


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get(NO_SKIP) == "1" and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{reason}\n{NO_SKIP}=1: nothing may skip here"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


COUNTS = "faults, calls, completed, stopped, repeated"
"""Property under which tests of the matrix of faults report these numbers."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.stats.get("passed", [])
    rows = [value for report in reports for name, value in report.user_properties if name == COUNTS]
    if rows:
        faults, calls, completed, stopped, repeated = (sum(column) for column in zip(*rows, strict=True))
        terminalreporter.section("matrix of faults")
        terminalreporter.line(
            f"{faults} faults in {calls} calls: {completed} studies completed, after {stopped} stops that "
            f"were resumed; {repeated} recorded answers asked for again"
        )
