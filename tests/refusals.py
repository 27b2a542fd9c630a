"""Answers that refuse."""

import httpx


def is_refused(answer: httpx.Response, field: str) -> bool:
    """Whether the answer is the table's error and names the field."""
    assert answer.status_code == 422, answer.text
    error = answer.json()
    named: str = error["details"][0]["field"]
    is_named = (named + ".").startswith(field + ".")
    return bool(error["code"] == "VALIDATION_ERROR" and is_named)
