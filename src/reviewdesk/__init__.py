"""reviewdesk turns customer reviews into decisions."""

__version__ = "0.1.0"
