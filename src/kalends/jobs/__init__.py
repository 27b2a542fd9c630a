"""What runs beside requests: the PgQueuer entry points, the timetable, and what keeps them going.

`running` costs a third of a second to import, so whoever only puts jobs in never imports it.
"""
