"""Starts the emulator, with our patches, in its own interpreter; ``stack.py`` runs this file.

The emulator lives as long as the pipe on its standard input is open. Whatever ends the process that holds the other
end, the emulator stops as it would for SIGTERM, with its environments and its temporary directory.
"""

import os
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path

# Patience with a stop that was asked for, in seconds; then it is enforced.
_GRACE = 15.0


def _stop_with_parent() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(_GRACE)
    os.killpg(os.getpgid(0), signal.SIGKILL)


def main() -> None:
    """Run the emulator until SIGTERM, SIGINT or the end of standard input."""
    scratch = Path(os.environ["TMPDIR"])
    scratch.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(scratch)
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    sys.argv = sys.argv[:1]
    try:
        from ministack import app  # noqa: PLC0415
        from ministack.core import lambda_runtime  # noqa: PLC0415

        from local.emulator import patches  # noqa: PLC0415 - reads the temporary directory set above

        patches.apply()
        try:
            app.main()
        finally:
            lambda_runtime.reset()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
