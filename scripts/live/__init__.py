"""The tooling's side of the live page: what its app asks for, each as a command that prints lines of JSON."""
