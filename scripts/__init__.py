"""The tooling of the deployment matrix: `python -m scripts VERB`."""
