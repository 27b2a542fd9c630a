"""The pages behind links that users are mailed: invitations and new passwords."""
