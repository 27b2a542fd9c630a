"""The pages where attendees book: what is offered, the hold, the form's draft, the booking."""
