"""hftbacktest on the one-instrument workload of benches/benches/tick_evaluation/peers.rs.

Prints one RESULT line for each case. A quote is two depth events, one for each side. It knows no stop
orders, so that the odd orders rest as sell limits above the market.
"""

import json
import sys
import time

import numpy as np
from hftbacktest import (
    BUY_EVENT, DEPTH_EVENT, EXCH_EVENT, GTC, LIMIT, LOCAL_EVENT, SELL_EVENT, BacktestAsset,
    HashMapMarketDepthBacktest,
)
from hftbacktest.types import event_dtype
from numba import njit

from workload import quotes, resting_price

# Nanoseconds between quotes, and engine time for the orders to reach the exchange.
STEP, WARM_UP = 1_000, 1_000_000_000


def events(count):
    made = np.zeros(2 * (count + 2), event_dtype)
    both = EXCH_EVENT | LOCAL_EVENT | DEPTH_EVENT
    sides = ((both | BUY_EVENT, -2), (both | SELL_EVENT, 0))
    rows = [(10_000, 100)] * 2 + quotes(count, False)
    for place, (ask, size) in enumerate(rows):
        at = 1 + place if place < 2 else WARM_UP + place * STEP
        for side, (kind, away) in enumerate(sides):
            row = made[2 * place + side]
            # The price stands and its size changes: a moving price takes events that clear the old one.
            row["ev"], row["exch_ts"], row["local_ts"] = kind, at, at
            row["px"], row["qty"] = (10_000 + away) / 100, size
    return made


@njit
def place(backtest, prices):
    for k in range(len(prices)):
        if k % 2 == 0:
            backtest.submit_buy_order(0, k, prices[k], 10.0, GTC, LIMIT, False)
        else:
            backtest.submit_sell_order(0, k, prices[k], 10.0, GTC, LIMIT, False)
    return backtest.elapse(WARM_UP - 10)


@njit
def replay(backtest, duration):
    return backtest.elapse(duration)


def run(feed, resting):
    """`feed` is lent to the engine, which does not keep it alive."""
    count = len(feed) // 2 - 2
    asset = (
        BacktestAsset().data(feed).linear_asset(1.0).constant_order_latency(1, 1)
        .risk_adverse_queue_model().no_partial_fill_exchange().trading_value_fee_model(0.0, 0.0)
        .tick_size(0.01).lot_size(1.0).last_trades_capacity(0)
    )
    backtest = HashMapMarketDepthBacktest([asset])
    prices = np.array([resting_price(k) / 100 for k in range(resting)], dtype=np.float64)
    replay(backtest, 5)
    place(backtest, prices)
    begun = time.perf_counter()
    replay(backtest, (count + 1) * STEP)
    rate = count / (time.perf_counter() - begun)
    open_orders = 0
    orders = backtest.orders(0).values()
    while orders.has_next():
        orders.get()
        open_orders += 1
    if open_orders != resting:
        sys.exit(f"{open_orders} orders are open, {resting} were placed")
    backtest.close()
    return rate


run(events(1_000), 10)  # compiles
FEED = events(300_000)
for orders in (0, 100, 1_000, 10_000):
    line = {"engine": "hftbacktest", "case": "quiet", "resting": orders, "quotes_per_second": run(FEED, orders)}
    print("RESULT " + json.dumps(line), flush=True)
