"""Reports: what the verdicts say, for people."""
