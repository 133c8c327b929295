"""The release: the version in pyproject.toml."""

VERSION = "0.1.0"
