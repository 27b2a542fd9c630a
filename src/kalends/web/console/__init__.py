"""`/console`: where a business sees its days and works with its bookings.

Everything but signing in lies under `/console/{organization}`, so that a page names what it shows
and a sandbox may be open beside its live twin. `request.py` is what each of these pages stands on;
`sections.py` lists what the navigation offers; `table.py` gathers the routes.
"""
