"""Accounts that are reached by consent: what is the same of Google and Microsoft."""
