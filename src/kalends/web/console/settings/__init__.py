"""What can be booked, and who is notified: the settings of an organization.

Forms are read to the JSON of the API and go through its parsers, so that a page and the API take
the same and refuse the same. `drafts.py` is what a form is while it is filled in.
"""
