"""What is wrong with a value is a code; only its readers have words for it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta, Struct, json

import kalends.web
from kalends.domain.errors import Invalid, KeyInUse
from kalends.domain.faults import Fault, FaultCode
from kalends.domain.values import Name
from kalends.web.http.errors import error_body, error_headers
from kalends.web.http.reading import read_body

WEB = Path(kalends.web.__file__).parent
# What looks into a text instead of passing it on.
LOOKS_INTO = {"match", "fullmatch", "search", "get", "startswith", "endswith", "index", "count"}


class Shape(Struct, frozen=True):
    name: Name = "x"
    whole: Annotated[int, Meta(ge=2, le=5)] | None = 2
    some: Annotated[list[int], Meta(min_length=1, max_length=2)] | None = None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"name": ""}, Fault(FaultCode.MISSING)),
        ({"name": "x" * 201}, Fault(FaultCode.TOO_LONG, "200")),
        ({"name": "\u200b"}, Fault(FaultCode.UNFIT_CHARACTERS)),
        ({"some": []}, Fault(FaultCode.NONE_CHOSEN)),
        ({"some": [1, 2, 3]}, Fault(FaultCode.TOO_MANY, "2")),
        ({"whole": 1}, Fault(FaultCode.TOO_SMALL, "2")),
        ({"whole": 6}, Fault(FaultCode.TOO_LARGE, "5")),
        ({"whole": "3"}, Fault(FaultCode.NOT_A_NUMBER)),
        ({"whole": 2.5}, Fault(FaultCode.NOT_WHOLE)),
        ({"some": 1}, None),
    ],
)
def test_a_refused_value_names_its_fault(body: object, expected: Fault | None) -> None:
    with pytest.raises(Invalid) as refused:
        read_body(json.encode(body), Shape)
    assert [detail.fault for detail in refused.value.details] == [expected]


def test_who_repeats_a_request_that_runs_is_told_when_to_ask() -> None:
    assert error_headers(KeyInUse("It still runs.")) == {"retry-after": "1"}


def test_a_fault_is_no_part_of_the_answer() -> None:
    error = Invalid.field("name", "is too odd", Fault(FaultCode.TOO_LONG, "200"))
    details = json.decode(error_body(error, "req_1"))["details"]
    assert details == [{"field": "name", "message": "is too odd"}]


def test_no_page_looks_into_the_sentence_of_an_error() -> None:
    places = [place for path in sorted(WEB.rglob("*.py")) for place in _looks_into_sentences(path)]
    assert places == [], "choose the words by `detail.fault` or the class of the error"


def _looks_into_sentences(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if any(map(_is_sentence, _looked_into(node))):
            yield f"{path.relative_to(WEB)}:{getattr(node, 'lineno', 0)}"


def _looked_into(node: ast.AST) -> list[ast.expr]:
    """What this piece of code compares, cuts, or looks up."""
    match node:
        case ast.Compare():
            return [node.left, *node.comparators]
        case ast.Subscript():
            return [part for part in (node.value, node.slice) if not isinstance(part, ast.Name)]
        case ast.Attribute():
            return [] if isinstance(node.value, ast.Name) else [node.value]
        case ast.Call(func=ast.Attribute(attr=name)) if name in LOOKS_INTO:
            return list(node.args)
        case ast.Match():
            return [node.subject]
        case _:
            return []


def _is_sentence(value: ast.expr) -> bool:
    match value:
        case ast.Attribute(attr="message") | ast.Name(id="message"):
            return True
        case ast.Call(func=ast.Name(id="str"), args=[ast.Name(id="error" | "refusal")]):
            return True
        case ast.IfExp():
            return _is_sentence(value.body) or _is_sentence(value.orelse)
        case _:
            return False
