"""Links that users are sent: invitations and new passwords."""
