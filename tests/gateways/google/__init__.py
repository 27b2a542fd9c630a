"""The gateway to Google, against a fake one."""
