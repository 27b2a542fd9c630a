"""What stops a program of ours, for the operator."""


class OperatorError(Exception):
    """Nothing goes on; the text is a sentence that a person can act on."""
