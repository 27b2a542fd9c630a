"""Background work: the jobs of PgQueuer, the timetable, and the dispatcher that sends deliveries.

Importing `worker` takes a third of a second, so code that only enqueues jobs must not import it.
"""
