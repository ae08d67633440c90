"""How a server serves calls that come when they come: `python -m loadtest.openloop URL --calls N`.

Arrivals follow a seeded schedule, latency counts from the intended time, and every call has a
player; the server's metrics are read from outside. Exits with 1 where it cannot run, and with 2
where the run is void: the generator was too busy to be believed, or others were at work.
"""

import argparse
import json
import sys
from collections.abc import Sequence

import uvloop

from engine.errors import EngineError
from loadtest.arguments import new_file
from loadtest.report import lines, report
from loadtest.run import measure
from loadtest.scenario import ScenarioError, add_arguments, read_scenario


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, and print what it showed; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.openloop", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--json", type=new_file, metavar="FILE", help="write everything to FILE")
    flags = parser.parse_args(arguments)
    try:
        outcome = uvloop.run(measure(read_scenario(flags)))
    except (OSError, EngineError, ScenarioError) as error:
        print(f"openloop: {error}", file=sys.stderr)
        return 1
    result = report(outcome)
    print("\n".join(lines(result)))
    if flags.json is not None:
        flags.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 2 if result["void"] else 0


if __name__ == "__main__":
    sys.exit(main())
