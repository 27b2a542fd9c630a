"""The settings of an organization: what can be booked, who is notified, what is connected.

Forms are turned into the JSON of the API and go through its parsers, so that pages and API accept
and refuse the same values. `forms/drafts.py` has the form while it is being filled in.
"""
