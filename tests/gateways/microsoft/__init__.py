"""The gateway to Microsoft, against a fake one."""
