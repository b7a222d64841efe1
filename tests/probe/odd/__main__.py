"""Run the odd server that is named."""

import sys

from tests.probe.odd.every import SERVERS
from tests.probe.odd.serving import Running

Running(SERVERS[sys.argv[1]]).forever()
