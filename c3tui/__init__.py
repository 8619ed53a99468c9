"""C3 installs and grows converged container clusters from bare servers."""

__version__ = "0.1.0"
