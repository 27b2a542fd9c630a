"""What every page says: its frame, and errors."""

from typing import Final

WORDS: Final = {
    "skip": "Skip to content",
    "error.reference": "Reference for the operator: {request_id}",
    "error.400.title": "That could not be read",
    "error.400.text": "Something in the address or the form got broken. Please go back and try "
    "again.",
    "error.403.title": "That did not come from here",
    "error.403.text": "For your safety, forms are only taken from our own pages. Please open the "
    "page again and repeat what you did.",
    "error.role.title": "This needs an admin",
    "error.role.text": "Your role in this organization does not allow it. Please ask one of its "
    "owners or admins.",
    "error.404.title": "There is nothing here",
    "error.404.text": "This page does not exist, or not any more. Please check the address, or "
    "ask the one who sent it to you.",
    "error.405.title": "That cannot be done here",
    "error.405.text": "Please go back and use the buttons of the page.",
    "error.408.title": "That took too long",
    "error.408.text": "What was sent did not arrive completely. Please try again.",
    "error.409.title": "That is not possible any more",
    "error.409.text": "Somebody changed this meanwhile. Please look again.",
    "error.413.title": "That is too much",
    "error.413.text": "What was sent is too large. Please shorten your texts.",
    "error.422.title": "Something does not fit",
    "error.429.title": "One moment, please",
    "error.429.text": "There were very many requests from your connection. Please try again in "
    "{seconds} seconds.",
    "error.500.title": "Something went wrong",
    "error.500.text": "This is our fault, not yours, and it has been written down. Please try "
    "again in a moment.",
    "error.503.title": "Back in a moment",
    "error.503.text": "We cannot reach our calendar right now. Please try again in a few seconds.",
}
