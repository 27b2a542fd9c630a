"""The symbols of the console: whatever names one has one."""

import re
from importlib.resources import files

from kalends.web.console.sections import MENU

PAGES = files("kalends.web.pages")
DRAWN = re.findall(r'<symbol id="([\w-]+)"', (PAGES / "static" / "console.svg").read_text())


def test_each_section_has_a_symbol() -> None:
    named = [section.key for section in MENU]
    assert [key for key in named if key not in DRAWN] == []
    assert len(named) == 8
