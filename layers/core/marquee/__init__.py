"""Marquee: a serverless platform for live events."""

__version__ = "0.1.0"
