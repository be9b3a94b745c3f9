"""When, where and beside how much other work a bench was run."""

import os
import platform
from datetime import UTC, datetime
from typing import Any


def circumstances() -> dict[str, Any]:
    """Time, machine and load at this moment, as every record begins."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "load_average": round(os.getloadavg()[0], 1),
    }
