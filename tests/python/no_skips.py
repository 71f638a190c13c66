"""A pytest plugin: a skipped test is a failed run unless FUELRAIL_ALLOW_SKIPS=1."""

from __future__ import annotations

import os

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says that skipped tests fail the run."""
    if _refused_skips(terminalreporter):
        terminalreporter.write_line("skipped tests fail this run; set FUELRAIL_ALLOW_SKIPS=1 to allow them")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Turns a run with skipped tests into a failed one."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus == 0 and reporter is not None and _refused_skips(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _refused_skips(reporter: pytest.TerminalReporter) -> bool:
    return bool(reporter.stats.get("skipped")) and os.environ.get("FUELRAIL_ALLOW_SKIPS") != "1"
