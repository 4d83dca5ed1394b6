"""Generators on other machines: `RemoteGenerator` stands in their place. Ray is imported by `bridge` and `cluster` alone."""
