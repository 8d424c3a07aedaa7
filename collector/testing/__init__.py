"""What `winnow test` does: sends spans through a configuration, and compares what comes out."""
