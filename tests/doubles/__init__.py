"""Servers that behave as the backends do, for tests: real sockets, real protocols, loopback."""
