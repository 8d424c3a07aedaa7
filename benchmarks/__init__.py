"""`make bench`: what a span costs, against a floor measured in the same run."""
