"""Servers that speak CalDAV (RFC 4791), the known ones with their quirks."""
