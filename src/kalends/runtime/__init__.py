"""What every use case runs in: the unit of work, callers, idempotency, limits, sealing; and what
follows from a change: the outbox, mail and deliveries. No rule of the calendar is here.
"""
