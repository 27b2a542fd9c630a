"""Hooks of organizations that make links to calls by themselves."""
