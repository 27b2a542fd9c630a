"""Text as an enemy or an emoji keyboard would write it."""

from hypothesis import settings
from hypothesis import strategies as st

# No example is judged by its duration; fifty of each are run every time.
WITHOUT_HURRY = settings(deadline=None, max_examples=50)

NASTY = (
    "\r\nBcc: a@b.example",
    "\r\n\r\nbody",
    "\nBEGIN:VEVENT\n",
    "\nATTENDEE:mailto:a@b.example",
    "<img src=x onerror=alert(1)>",
    "</td><script>alert(1)</script>",
    "{{ 7*7 }}",
    "{organization}",
    "javascript:alert(1)",
    '"><a href="javascript:alert(1)">',
    "=?utf-8?q?=0D=0ABcc:?=",
    "\u202egnp.exe",
    "\u2028",
    "\x00",
    "\x0b",
    "\ud800",
    "\ufeff",
    "\\n;,:\"^'",
    "%0d%0aBcc:",
    "שלום עולם",
    "👩‍👩‍👧‍👦",
    "ä" * 90,
    "x" * 300,
    "--=_1_",
    ".\r\n",
)

hostile = st.lists(
    st.one_of(st.sampled_from(NASTY), st.text(st.characters(), max_size=12)), max_size=6
).map("".join)
