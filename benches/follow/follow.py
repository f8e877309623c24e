"""The Python program of the latency bench; see `follow.c`."""

import sys
import time

import trailcore as tc


def main() -> None:
    """Follows the trail of the first argument."""
    lines: list[str] = []
    with tc.follow(sys.argv[1]) as tail:
        print("ready", flush=True)
        while (item := tail.recv(2.0 if lines else 60.0)) is not None:
            if isinstance(item, tc.Delivery):
                now = time.time_ns() // 1_000
                assert isinstance(item.end, tc.Position)
                lines.append(f"{item.end.rba} {now}")
                tail.acknowledge(item)
    print("\n".join(lines))


main()
