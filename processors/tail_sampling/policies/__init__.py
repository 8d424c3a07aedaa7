"""The policies of the tail sampler."""
