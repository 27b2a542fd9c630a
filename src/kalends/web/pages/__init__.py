"""The pages: HTML for people, where `web/api` is JSON for programs.

A page is a row in a table of `PageRoute`s, a handler that takes a `PageRequest`, and a template.
What it says are messages (`wording.py`, `labels.py`). `endpoint.py` is what lies between the router
and the handlers: who may see it, that a form came from our own page, errors as pages, the headers
that keep it safe.
"""
