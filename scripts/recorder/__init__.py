"""What a release of uvicorn makes of a split request, step by step, recorded from its own protocol and parser."""
