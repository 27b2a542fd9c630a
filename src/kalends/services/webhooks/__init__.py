"""Webhooks: endpoints, their deliveries, their health."""
