"""The lab's BMCs: IPMI 2.0 over UDP, written from the specification.

"IPMI" in this package is the Intelligent Platform Management Interface Specification, second
generation, v2.0 revision 1.1; sections and tables are its own.
"""

from c3tui.lab.bmc.lab import BmcLab

__all__ = ["BmcLab"]
