"""Rewards of a Guerdon server, for trainers that live in Python.

One module for each trainer (``guerdon.trl``, ``guerdon.verl``, ``guerdon.swift``, ...), none of which imports its trainer
unless it is asked to register something there. No dependency beyond the standard library.
"""

from .client import Client, Item
from .errors import GuerdonError, ServerError, TransportError, UnscoredError

__all__ = ["Client", "GuerdonError", "Item", "ServerError", "TransportError", "UnscoredError"]
__version__ = "0.1.0"
