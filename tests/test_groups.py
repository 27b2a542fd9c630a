"""What pytest says of tests that failed."""

import pytest

from tests.groups import command_for


@pytest.mark.parametrize(
    ("node_id", "test"),
    [
        ("tests/web/test_holds.py::test_x", "tests/web/test_holds.py::test_x"),
        (
            "tests/web/test_holds.py::test_x[a@b]@web/test_holds.py",
            "'tests/web/test_holds.py::test_x[a@b]'",
        ),
        ("tests/races/test_endings.py::test_x@under fire", "tests/races/test_endings.py::test_x"),
    ],
)
def test_a_failed_test_is_run_alone_by_its_own_name(node_id: str, test: str) -> None:
    assert command_for(node_id) == f".venv/bin/python -m pytest {test}"
