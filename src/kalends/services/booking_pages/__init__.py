"""The pages on which attendees book: offers, holds, drafts of forms, bookings."""
