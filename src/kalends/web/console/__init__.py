"""`/console`: the pages on which a business sees its calendar and works with its bookings.

Everything but signing in is below `/console/{organization}`, so that a URL says whose data it shows
and a sandbox can be open beside its live organization. All of these pages are built on
`request.py`; `sections.py` has the menu, and `table.py` collects the routes.
"""
