"""Calendars of others, from bytes to shapes: what is needed to know when somebody is busy.

Titles, places and people are passed over and never kept.
"""
