"""The check of how long the names of tests are."""

from scripts.check_test_names import TESTS, faults_in


def test_thirteen_words_are_too_many() -> None:
    words = "_".join(["a"] * 13)
    assert "13 words" in faults_of(f"async def test_{words}() -> None: ...\n")


def test_twelve_words_are_not_too_many() -> None:
    words = "_".join(["a"] * 12)
    assert faults_of(f"    def test_{words}(self) -> None: ...\n") == ""


def faults_of(text: str) -> str:
    return "\n".join(faults_in(TESTS / "test_some.py", text))
