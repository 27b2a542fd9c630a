"""Reads calendars of others from bytes to shapes: only what tells when somebody is busy.

Titles, places and people are skipped and never kept.
"""
