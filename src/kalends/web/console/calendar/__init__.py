"""The calendar of the console: which part of it, in which columns, and what stands where."""
