"""Users: signing in, passwords, invitations, and who belongs to an organization."""
