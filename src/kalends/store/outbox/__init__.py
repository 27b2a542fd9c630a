"""The outbox: events, and the lanes of deliveries by webhook, mail, calendar and video that follow
from them."""
