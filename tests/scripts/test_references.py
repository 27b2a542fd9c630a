"""Pages name modules and functions that are there."""

import pytest
from scripts.check_references import ROOT, faults_in_code

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
