"""Zoom: meetings, by a server-to-server application."""
