"""CalDAV servers (RFC 4791), including the quirks of known ones."""
