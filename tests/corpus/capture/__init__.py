"""Captures what real SDKs emit, against a double of the models they call; see README.md."""
