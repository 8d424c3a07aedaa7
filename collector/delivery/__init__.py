"""Delivery, shared by every exporter: queue, batch, retry, push."""
