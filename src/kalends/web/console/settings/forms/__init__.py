"""What the forms of the settings are made of."""
