"""Of each task of the timetable the documents say how many rows it looks at."""

from pathlib import Path

from kalends.jobs.registry import TIMETABLE

DOCUMENT = Path(__file__).parents[2] / "docs" / "running" / "many-nodes.md"


def test_each_task_of_the_timetable_has_its_rows_documented() -> None:
    _, _, section = DOCUMENT.read_text().partition("### What the timetable looks at")
    named = [line.split("|")[1] for line in section.splitlines() if line.startswith("| ")]
    assert [name for name in TIMETABLE if not any(name in cells for cells in named)] == []
