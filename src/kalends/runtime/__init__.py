"""What every use case runs in: the unit of work, callers, idempotency, limits, sealing, and the
outbox that says what follows from a change. It knows no rule of the calendar.
"""
