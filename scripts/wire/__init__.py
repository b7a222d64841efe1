"""What the probe and the router share: where a request is split, and the kernel's word on what was read."""
