"""Watch a convolutional network train, and look at everything inside it."""

__version__ = "0.1.0"
