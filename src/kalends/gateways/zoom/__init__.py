"""Zoom: meetings that are made by a server-to-server application."""
