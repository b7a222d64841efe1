"""`python -m scripts VERB`."""

import sys

try:
    from scripts.cli import main
except KeyboardInterrupt:  # Ctrl-C may also come while Python still reads the modules.
    sys.exit(130)

main()
