"""A function's process: `child.py MODULE` imports the module, then handles each line of JSON as an event.

Each answer says what that took: processor time and wall time (ms), and the peak of memory so far (MB). The
first one is of the import. Only the standard library is imported here.
"""

import importlib
import json
import os
import resource
import sys
import time
from types import SimpleNamespace

CONTEXT = SimpleNamespace(
    function_name="benchmark",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:benchmark",
    aws_request_id="00000000-0000-0000-0000-000000000000",
    get_remaining_time_in_millis=lambda: 900_000,
)


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # a function logs to its standard output
    begun = time.process_time()
    module = importlib.import_module(sys.argv[1])
    answers.write(json.dumps({"cpu": (time.process_time() - begun) * 1000}) + "\n")
    for line in sys.stdin:
        event = json.loads(line)
        begun, at = time.process_time(), time.perf_counter()
        result = module.handler(event, CONTEXT)
        cpu, wall = time.process_time() - begun, time.perf_counter() - at
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        answers.write(
            json.dumps({"cpu": cpu * 1000, "wall": wall * 1000, "peak": peak, "result": result}) + "\n"
        )


main()
