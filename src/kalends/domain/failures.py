"""Errors that stop a command, for the operator."""


class OperatorError(Exception):
    """The command cannot go on; the text is a sentence that the operator can act on."""
