"""What every use case runs in: the unit of work, callers, idempotency, limits, sealing; and what
follows from a change: the outbox, mail and deliveries. It knows no rule of the calendar.
"""
