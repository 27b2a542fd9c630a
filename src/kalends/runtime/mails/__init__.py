"""Mails as deliveries: whom each goes to, what it says, how it is sent, and sent again."""
