"""The pages: HTML for people, where `web/api` is JSON for programs.

A page is a row in a table of `PageRoute`s, a handler that takes a `PageRequest`, and a template.
Its words are messages (`wording.py`, `labels.py`). Between the router and the handlers is
`endpoint.py`, which checks who may see a page and that a form came from our own page, shows errors
as pages, and adds the security headers.
"""
