"""What Winnow tells about itself: metrics, logs, health."""
