"""The API, one file per resource: its request models, its handlers, its rows of the routes.

Docstrings of handlers, request models and bodies are published in the OpenAPI description.
"""
