"""NautilusTrader on the one-instrument workload of benches/benches/tick_evaluation/peers.rs.

Prints one RESULT line for each case. Setting up and placing the resting orders is not measured; a
strategy's callback for each quote is part of how the engine is used, and counts.
"""

import json
import sys
import time
from decimal import Decimal

from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

from workload import FILL_AT, quotes, resting_price

# The quotes before the clock starts: the first is for the resting orders.
WARM_UP = 10


def price(cents):
    return Price.from_str(f"{cents // 100}.{cents % 100:02d}")


class Resting(Strategy):
    """Rests its orders at the first quote, and measures from the last quote of the warm-up on."""

    def __init__(self, instrument, resting, fills):
        super().__init__()
        self.instrument, self.resting, self.fills = instrument, resting, fills
        self.seen = self.filled = 0
        self.begun = self.ended = 0.0

    def on_start(self):
        self.subscribe_quote_ticks(self.instrument.id)

    def on_quote_tick(self, tick):
        if self.seen == 0:
            self.place_resting()
        if self.seen == WARM_UP:
            self.begun = time.perf_counter()
        if self.fills and self.seen >= WARM_UP and (self.seen - WARM_UP) % 10 == 5:
            self.buy(FILL_AT, False)
        self.seen += 1
        self.ended = time.perf_counter()

    def on_order_filled(self, event):
        self.filled += 1

    def place_resting(self):
        for k in range(self.resting):
            self.buy(resting_price(k), k % 2 == 1)

    def buy(self, cents, is_stop):
        make = self.order_factory.stop_market if is_stop else self.order_factory.limit
        kind = {"trigger_price": price(cents)} if is_stop else {"price": price(cents)}
        order = make(
            instrument_id=self.instrument.id, order_side=OrderSide.BUY, quantity=Quantity.from_int(10), **kind
        )
        self.submit_order(order)


def run(count, resting, fills):
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=True), run_analysis=False
        )
    )
    engine.add_venue(
        venue=Venue("XNAS"), oms_type=OmsType.NETTING, account_type=AccountType.MARGIN, base_currency=USD,
        starting_balances=[Money(1_000_000_000_000, USD)], default_leverage=Decimal(10),
    )
    instrument = TestInstrumentProvider.equity(symbol="S1", venue="XNAS")
    engine.add_instrument(instrument)
    warm_up = [(10_000, 100)] * WARM_UP
    ticks = [
        QuoteTick(
            instrument.id, price(ask - 2), price(ask), Quantity.from_int(size), Quantity.from_int(size), at, at
        )
        for at, (ask, size) in enumerate(warm_up + quotes(count, fills), 1_000_000_000)
    ]
    engine.add_data(ticks)
    strategy = Resting(instrument, resting, fills)
    engine.add_strategy(strategy)
    engine.run()
    if strategy.seen != len(ticks) or strategy.filled != (count // 10 if fills else 0):
        sys.exit(f"{strategy.seen} of {len(ticks)} quotes were seen, {strategy.filled} orders filled")
    rate = count / (strategy.ended - strategy.begun)
    engine.dispose()
    return rate


def report(case, resting, rate):
    line = {"engine": "nautilus_trader", "case": case, "resting": resting, "quotes_per_second": rate}
    print("RESULT " + json.dumps(line), flush=True)


for orders, quotes_each in ((0, 50_000), (100, 20_000), (1_000, 5_000)):
    report("quiet", orders, run(quotes_each, orders, False))
for orders, quotes_each in ((0, 10_000), (1_000, 5_000)):
    report("filling", orders, run(quotes_each, orders, True))
