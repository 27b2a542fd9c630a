"""The calendar of the console: which days and schedules it shows, in which columns, and where
each booking is drawn."""
