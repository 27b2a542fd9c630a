"""Which worker of pytest-xdist runs which test."""

import pytest


@pytest.mark.parametrize("number", range(8))
def test_a_file_runs_in_one_worker(
    tmp_path_factory: pytest.TempPathFactory, testrun_uid: str, worker_id: str, number: int
) -> None:
    seen = tmp_path_factory.getbasetemp().parent / f"workers-{testrun_uid}"
    with seen.open("a") as file:
        print(worker_id, file=file)
    assert set(seen.read_text().split()) == {worker_id}
