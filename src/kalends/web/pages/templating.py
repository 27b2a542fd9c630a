"""Templates: what they may use, and how they become HTML.

Everything is escaped, and a name that is not given is an error. Every value loses the controls
that turn text around (`safety.without_bidi`); `|bdi` also isolates what a user wrote.
"""

from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from kalends.web.pages import assets, clock_words, safety, words


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("kalends.web.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=safety.without_bidi,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    made.globals.update(
        t=words.say_in_page,
        tn=words.counted_in_page,
        asset=assets.URLS.__getitem__,
        clock_words=clock_words,
    )
    made.filters.update(
        bdi=safety.isolated,
        lines=safety.lines,
        linked=safety.linked,
        safe_url=safety.safe_url,
        iso=clock_words.iso,
    )
    return made


_ENVIRONMENT: Final = _environment()


def render(template: str, values: dict[str, Any]) -> str:
    """The template with these values."""
    return _ENVIRONMENT.get_template(template).render(values)
