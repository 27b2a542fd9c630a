"""Programs for those who work on Kalends; none of them is a part of the package."""
