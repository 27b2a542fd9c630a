"""Pages name modules and functions that are there, and migrations follow one another."""

from pathlib import Path

import pytest
from scripts.check_references import ROOT, faults_in_code, faults_in_order

PAGE = ROOT / "docs" / "architecture.md"


@pytest.mark.parametrize(
    "text",
    [
        "`web/http/call.py`",
        "`src/kalends/web/http/call.py`",
        "`unit_of_work.py`",
        "`domain/ids.py: encode_id`",
        "`domain/ids.py: encode_id, decode_id, BOOKING`",
        "`availability/interval.py: Interval.overlaps`",
        "`guide.html` and web/nowhere.py",
    ],
)
def test_a_module_and_function_that_are_there_are_no_fault(text: str) -> None:
    assert list(faults_in_code(PAGE, text)) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("see `web/nowhere.py`", "there is no web/nowhere.py"),
        ("`nowhere.py`", "there is no nowhere.py"),
        ("`domain/ids.py: encode_ids`", "domain/ids.py defines no encode_ids"),
        ("`domain/ids.py: encode_id, UUID`", "domain/ids.py defines no UUID"),
    ],
)
def test_a_missing_module_or_function_is_a_fault(text: str, fault: str) -> None:
    assert list(faults_in_code(PAGE, text)) == [fault]


def test_two_migrations_of_one_number_are_a_fault(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("0001_first.py", "0002_one.py", "0002_other.py")]
    for file, before in zip(files, ("None", '"0001"', '"0001"'), strict=True):
        file.write_text(f'revision = "{file.name[:4]}"\ndown_revision = {before}\n')
    assert list(faults_in_order(files[:2])) == []
    assert list(faults_in_order(files)) == ["0002_other.py: is not 0002, or does not follow 0002"]
