"""Mails as deliveries: choosing their readers, writing them, sending them, and sending again."""
