"""One module for each wire format: `answer` a request, or `stream` the answer's events."""
