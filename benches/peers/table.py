"""The table of ratios from the RESULT lines of one run, and what must be known to read it."""

import json
import sys
from statistics import median

CAVEATS = """
- All run one instrument on one core, in turns; a figure is the median of three rounds.
- NautilusTrader: a strategy's Python callback for each quote is part of its use and counts. Half of its
  orders are limits, half stops, as ours. Placing resting orders is not measured; in the filling case taking
  the order is, for it and for us.
- hftbacktest: keeps the depth of both sides and the latency of feed and orders, which we do not. A quote is
  two of its events; prices stand and sizes change. It has no stops: half of its orders are sell limits. It
  has no filling case here.
- Ours: the engine with accounts, in memory: no decoding, no journal, no stream."""

figures = {}
for line in open(sys.argv[1]):
    if line.startswith("RESULT "):
        row = json.loads(line[7:])
        key = (row["case"], row["resting"], row["engine"])
        figures.setdefault(key, []).append(row["quotes_per_second"])
cases = sorted({key[:2] for key in figures}, key=lambda case: (case[0] != "quiet", case[1]))
if not cases:
    sys.exit("peers: nothing was measured")
print("| case | resting orders | engine | quotes a second | ours over it |\n|---|---|---|---|---|")
for case in cases:
    ours = median(figures[(*case, "papertape")])
    for engine in ("papertape", "nautilus_trader", "hftbacktest"):
        if (*case, engine) in figures:
            rate = median(figures[(*case, engine)])
            print(f"| {case[0]} | {case[1]} | {engine} | {rate:,.0f} | {ours / rate:,.0f} |")
print(CAVEATS)
