"""What `winnow sample` does: reads old traces, and compares what is kept of them."""
