"""Memory use of this process."""

import sys


def peak_memory_mb() -> int | None:
    """Peak resident memory of this process in MB; None where the system does not report it (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024**2 if sys.platform == "darwin" else 1024))
