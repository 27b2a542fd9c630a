"""The building blocks of the settings' forms."""
