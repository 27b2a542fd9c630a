"""What runs beside requests: the PgQueuer entry points, the timetable, and what keeps them going.

`worker` costs a third of a second to import, so who only puts jobs in never imports it.
"""
