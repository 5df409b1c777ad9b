//! Sample rows for tests: complete, and changed only where a test speaks of it.

import type { Instrument, Order, Portfolio, Position, Quote, Trade } from "../api/types";

export const sampleOrder = (change: Partial<Order> = {}): Order =>
  ({
    id: "order-1",
    portfolio_id: "portfolio-1",
    client_order_id: "client-1",
    symbol: "AAPL",
    side: "BUY",
    type: "LIMIT",
    qty: "100",
    notional: null,
    limit_price: "10.05",
    stop_price: null,
    trail_amount: null,
    trail_percent: null,
    time_in_force: "DAY",
    expires_at: null,
    status: "NEW",
    filled_qty: "0",
    filled_avg_price: null,
    leaves_qty: "100",
    held: false,
    triggered: false,
    hwm: null,
    working_price: null,
    reject_code: null,
    reject_message: null,
    cancel_reason: null,
    parent_id: null,
    revision: 0,
    created_at: "2026-11-20T15:00:00Z",
    updated_at: "2026-11-20T15:00:00Z",
    ...change,
  }) as Order;

export const sampleTrade = (change: Partial<Trade> = {}): Trade =>
  ({
    id: "trade-1",
    order_id: "order-1",
    symbol: "AAPL",
    side: "BUY",
    price: "10",
    qty: "100",
    fee: "0",
    slippage: "0",
    liquidity: "TAKER",
    reason: "took_standing_quote",
    time: "2026-11-20T15:00:01Z",
    seq: 1,
    ...change,
  }) as Trade;

export const samplePosition = (change: Partial<Position> = {}): Position => ({
  symbol: "AAPL",
  qty: "100",
  reserved_qty: "0",
  avg_price: "10",
  current_price: "11",
  market_value: "1100",
  cost_basis: "1000",
  unrealized_pnl: "100",
  unrealized_pnl_pct: "10",
  realized_pnl: "0",
  ...change,
});

export const samplePortfolio = (change: Partial<Portfolio> = {}): Portfolio =>
  ({
    id: "portfolio-1",
    name: "Growth",
    currency: "USD",
    starting_balance: "100000",
    cash: "99000",
    reserved: "0",
    buying_power: "99000",
    equity: "100100",
    market_value: "1100",
    realized_pnl: "0",
    unrealized_pnl: "100",
    fees_paid: "0",
    execution_profile: "realistic",
    epoch: "epoch-1",
    created_at: "2026-11-20T14:00:00Z",
    ...change,
  }) as Portfolio;

export const sampleQuote = (change: Partial<Quote> = {}): Quote => ({
  symbol: "AAPL",
  bid: "10.00",
  bid_size: "300",
  ask: "10.02",
  ask_size: "500",
  last: "10.01",
  last_size: "100",
  time: "2026-11-20T15:00:00Z",
  stale: false,
  delayed_by_s: 0,
  ...change,
});

export const sampleInstrument = (change: Partial<Instrument> = {}): Instrument =>
  ({
    symbol: "AAPL",
    name: "Apple Inc.",
    exchange: "NASDAQ",
    asset_class: "equity",
    currency: "USD",
    tick_size: "0.01",
    lot_size: "1",
    tradable: true,
    shortable: true,
    fractionable: false,
    status: "active",
    ...change,
  }) as Instrument;
