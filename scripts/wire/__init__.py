"""The wire: requests split in segments, the probe that judges the answers, the router that splits."""
