"""A variant's verdict: measured, judged, written, read, and gathered from elsewhere."""
