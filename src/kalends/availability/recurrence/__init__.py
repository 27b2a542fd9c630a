"""Expands the events of calendars elsewhere (RFC 5545) into the times when they are busy.

Pure and bounded: the work for a calendar is limited in steps, not by the number of occurrences.
"""
