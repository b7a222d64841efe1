"""The history: every release of uvicorn measured with each of its parsers; eras, and the commits between them."""
