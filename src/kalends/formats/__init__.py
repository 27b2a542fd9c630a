"""Formats: domain values to JSON, iCalendar, mail and CSV, and back.

Docstrings of the structs whose names end in `Body` are published in the OpenAPI description.
"""
