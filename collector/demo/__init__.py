"""`winnow demo`: a simulated agent on the real OpenTelemetry SDK, and what Winnow made of it."""
