"""Reading JSON bodies and query strings into structs, with errors that name the field.

The happy path is one decode into the request's struct. Only a body that fails is read a second
time, to tell whether it is not JSON at all or which field is wrong.
"""

import json as lenient_json
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec
from msgspec import Struct

from kalends.domain.errors import Invalid, NotJson
from kalends.domain.faults import Fault, FaultCode
from kalends.domain.invisible_characters import is_blank
from kalends.domain.language_tags import LanguageTag
from kalends.domain.values import ClockTime, Day, Email, Instant
from kalends.web.http.choices import choices_at

S = TypeVar("S", bound=Struct)
T = TypeVar("T")

DEEPEST_JSON: Final = 32
LARGEST_EXACT: Final = 2**53
REQUIRED: Final = "is required"
_PARSED: Final = (Instant, Day, Email, ClockTime, LanguageTag)
_TOKENS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{\]}]', re.DOTALL)
_AT: Final = re.compile(r" - at `\$(.*)`$", re.DOTALL)
_INDEX: Final = re.compile(r"\[(\d+)\]")
_MISSING: Final = re.compile(r"^Object missing required field `(.*)`")
_UNKNOWN: Final = re.compile(r"^Object contains unknown field `(.*)`", re.DOTALL)
_EXPECTED: Final = re.compile(r"^Expected `([^`]*)`, got `([^`]*)`")
_NO_CHOICE: Final = "Invalid enum value"
_decoders: dict[type[Any], msgspec.json.Decoder[Any]] = {}


def read_body(body: bytes, shape: type[T]) -> T:
    """The body as `shape`. Raises NotJson if it is not JSON or is nested too deep, and Invalid,
    which names the field, if a value does not fit."""
    check_depth(body)
    decoder = _decoders.get(shape)
    if decoder is None:
        decoder = _decoders[shape] = msgspec.json.Decoder(shape, dec_hook=from_text)
    try:
        value: T = decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        diagnosis = _diagnosed(body, error, shape)
        if not _is_about_a_fraction(diagnosis):
            raise diagnosis from None
        try:
            value = decoder.decode(_with_whole_numbers(body))
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise diagnosis from None
    if b"\\u0000" in body and (path := _find_text(lenient_json.loads(body), _has_nul)) is not None:
        raise Invalid.field(path, "must not contain NUL")
    return value


def read_query(raw: bytes, shape: type[S]) -> S:
    """The query as `shape`. Raises Invalid, which names the parameter, if one is unknown or
    repeated, or its value does not fit."""
    values, fields = _pairs(raw), _parameters(shape)
    for name in values:
        if name not in fields:
            raise Invalid.field(name[:100], "is not a parameter of this call")
    try:
        query = msgspec.convert(values, shape, strict=False, dec_hook=from_text)
    except msgspec.ValidationError as error:
        raise as_invalid(error, shape) from None
    for name in values:
        # msgspec reads the text `null` as None, which is refused. A blank text becomes None on
        # purpose.
        if getattr(query, fields[name]) is None and not is_blank(values[name]):
            raise Invalid.field(name, "cannot be null; leave it out")
    return query


def text_in_body(body: bytes, name: str) -> str | None:
    """The text in one field of the body, whatever the other fields hold; None if the field is
    missing or not a text, or the body is not JSON."""
    try:
        value = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    text = value.get(name) if isinstance(value, dict) else None
    return text if isinstance(text, str) else None


def text_in_query(raw: bytes, name: str) -> str | None:
    """The value of one parameter, whatever the others are; None if it is not given."""
    parameters = dict(parse_qsl(raw.decode("ascii", "replace"), keep_blank_values=True))
    return parameters.get(name)


@cache  # msgspec resolves the annotations each time: two thirds of what reading a query took
def _parameters(shape: type[Struct]) -> dict[str, str]:
    """The struct's field names, by the parameter names that stand for them in a query."""
    return {field.encode_name: field.name for field in msgspec.structs.fields(shape)}


def from_text(kind: type[Any], value: Any) -> Any:
    """msgspec's hook for domain values that parse themselves, such as `Email`. Raises ValueError,
    to which msgspec adds the field."""
    if kind in _PARSED:
        if not isinstance(value, str):
            raise ValueError("must be text")
        return kind.parse(value)
    raise NotImplementedError(kind)


def as_invalid(error: msgspec.ValidationError, shape: Any) -> Invalid:
    """Turns msgspec's message into our error, with the path of the field and what its value must
    be by the shape."""
    text = str(error)
    at = _AT.search(text)
    path = _INDEX.sub(r".\1", at[1] if at else "").replace("[...]", "").lstrip(".")
    text = _AT.sub("", text)
    for pattern, message in ((_MISSING, REQUIRED), (_UNKNOWN, "is not a known field")):
        if named := pattern.match(text):
            path = f"{path}.{named[1][:100]}" if path else named[1][:100]
            text = message
    if text.startswith(_NO_CHOICE) and (words := choices_at(shape, path)):
        text = f"{text.removesuffix('.')}; it is one of {', '.join(words)}"
    return Invalid.field(path, _in_words(text), _fault_in(text))


def _is_about_a_fraction(error: Exception) -> bool:
    """Whether a value has a fraction, be it 60.0, where a whole number is required."""
    if not isinstance(error, Invalid):
        return False
    faults = (detail.fault for detail in error.details)
    return any(fault is not None and fault.code is FaultCode.NOT_WHOLE for fault in faults)


def check_json(body: bytes) -> None:
    """Raises NotJson if the body is not JSON; an empty body is accepted."""
    if not body:
        return
    check_depth(body)
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
        body.decode()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        diagnosis = _diagnosed(body, error, msgspec.Raw)
        if isinstance(diagnosis, NotJson):
            raise diagnosis from None


def check_depth(body: bytes) -> None:
    """Raises NotJson where arrays and objects are nested deeper than 32."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST_JSON:
        return
    depth = 0
    for token in _TOKENS.finditer(body):
        if token[0] in b"[{":
            depth += 1
            if depth > DEEPEST_JSON:
                raise NotJson(f"The body is nested deeper than {DEEPEST_JSON} levels.")
        elif token[0] in b"]}":
            depth -= 1


def _diagnosed(body: bytes, error: Exception, shape: Any) -> Exception:
    # msgspec stops at the first wrong field; the rest of the body may still not be JSON.
    try:
        value = lenient_json.loads(body.decode(), parse_int=str, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return NotJson("The body is not JSON (in UTF-8).")
    if isinstance(error, msgspec.ValidationError):
        return as_invalid(error, shape)
    # The one thing that is valid JSON and that msgspec refuses: a lone surrogate in a text.
    path = _find_text(value, _is_broken) or ""
    return Invalid.field(path, "has a character that is no character (a lone surrogate)")


def _with_whole_numbers(body: bytes) -> bytes:
    """The body with 60.0 written as 60: JSON Schema counts 60.0 as a whole number too."""
    return lenient_json.dumps(_whole(lenient_json.loads(body))).encode()


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _whole(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_whole(member) for member in value]
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_EXACT
    return int(value) if is_whole else value


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _find_text(value: Any, is_bad: Callable[[str], bool], path: str = "") -> str | None:
    """The path of the first bad text, or of the object that has the first bad key."""
    if isinstance(value, str):
        return path if is_bad(value) else None
    children: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        if any(is_bad(key) for key in value):
            return path
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for name, child in children:
        bad_path = _find_text(child, is_bad, f"{path}.{name}" if path else str(name))
        if bad_path is not None:
            return bad_path
    return None


def _has_nul(text: str) -> bool:
    return "\x00" in text


def _is_broken(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _pairs(raw: bytes) -> dict[str, str]:
    """The parameters of a query. Raises Invalid if one is repeated, has NUL, or is not UTF-8."""
    values: dict[str, str] = {}
    for part in raw.split(b"&"):
        if not part:
            continue
        name, _, value = part.partition(b"=")
        try:
            key, text = _decoded(name), _decoded(value)
        except UnicodeDecodeError:
            raise Invalid.field("", "The query is not UTF-8.") from None
        if key in values:
            raise Invalid.field(key[:100], "is given more than once")
        if "\x00" in text:
            raise Invalid.field(key[:100], "must not contain NUL")
        values[key] = text
    return values


def _decoded(written: bytes) -> str:
    """The text of a URL-encoded name or value. Raises UnicodeDecodeError."""
    if b"%" in written or b"+" in written:
        written = unquote_to_bytes(written.replace(b"+", b" "))
    return written.decode()


_WORDS: Final = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


# msgspec's errors have a message and no code, so the fault is recognized by the message.
_FAULTS: Final = (
    (re.compile(rf"^(?:{REQUIRED}|Expected `str` of length >= 1)$"), FaultCode.MISSING),
    (re.compile(r"^Expected `str` of length <= (\d+)$"), FaultCode.TOO_LONG),
    (re.compile(r"^Expected `array` of length <= (\d+)$"), FaultCode.TOO_MANY),
    (re.compile(r"^Expected `array` of length >= 1$"), FaultCode.NONE_CHOSEN),
    (re.compile(r"^Expected `(?:int|float)` >= ([\d.]+)$"), FaultCode.TOO_SMALL),
    (re.compile(r"^Expected `(?:int|float)` <= ([\d.]+)$"), FaultCode.TOO_LARGE),
    (re.compile(r"^Expected `(?:int|float)(?: \| null)?`, got `str`$"), FaultCode.NOT_A_NUMBER),
    (re.compile(r"^Expected `int\b[^`]*`, got `float`$"), FaultCode.NOT_WHOLE),
    (re.compile(r"matching regex"), FaultCode.UNFIT_CHARACTERS),
)


def _fault_in(text: str) -> Fault | None:
    for pattern, code in _FAULTS:
        if match := pattern.search(text.removesuffix(".")):
            return Fault(code, *match.groups())
    return None


def _in_words(text: str) -> str:
    if expected := _EXPECTED.match(text):
        kinds = " or ".join(_WORDS.get(t.strip(), "text") for t in expected[1].split("|"))
        return f"must be {kinds}, not {_WORDS.get(expected[2], expected[2])}"
    if "matching regex" in text:
        return "is empty or holds a character that is not allowed here"
    text = text.replace("Expected `str` of length", "must be text of length")
    text = text.replace("Expected `array` of length", "must be a list of length")
    text = text.replace("Expected `int`", "must be a whole number")
    text = text.replace("Expected `float`", "must be a number")
    text = text.replace(_NO_CHOICE, "cannot be")
    return text.removesuffix(".")
