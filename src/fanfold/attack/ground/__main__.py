"""``python -m fanfold.attack.ground``: the proving ground on a port of loopback, until it is stopped."""

from __future__ import annotations

import argparse

from fanfold.attack.ground.serving import serve_ground

parser = argparse.ArgumentParser(description="Serve the proving ground on a port of loopback until it is stopped.")
parser.add_argument("--port", type=int, default=8490, help="port to listen on (8490); 0 takes a free one")
serve_ground(parser.parse_args().port)
