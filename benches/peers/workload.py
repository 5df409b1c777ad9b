"""The one-instrument workload, by the formula that benches/benches/tick_evaluation/peers.rs documents."""

FILL_AT = 9_000


def quotes(count, fills):
    """So many (ask in cents, size)."""
    made, state = [], 7
    for place in range(count):
        r = state >> 33
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        ask = FILL_AT if fills and place % 10 == 6 else 10_000 + r % 50
        made.append((ask, 100 * (1 + (r // 256) % 19)))
    return made


def resting_price(k):
    """In cents: even orders are buy limits below the market, odd ones above it."""
    return (15_000 if k % 2 else 5_000) + k % 4_000
