//! A naive model of how orders fill on one instrument: a plain list of orders, looked through from
//! end to end on every tick.
//!
//! Written from the documented rules alone and never from the engine. It owns no index, no cache
//! and no cleverness; where it disagrees with the engine, one of the two misreads a rule.

mod account;
mod market;
mod order;
#[cfg(test)]
mod scenarios;

pub use account::Account;
pub use market::{Hit, Market, Print, Tick, TickBody, TopOfBook};
pub use order::{Change, Fill, Kind, Liquidity, NewOrder, Order, Side, Size, Status, TimeInForce, Trail};

use crate::fixed;

/// The whole model: one instrument, its market, the portfolios and every order ever sent.
#[derive(Debug)]
pub struct Oracle {
    lot: i128,
    sessions: Vec<(i64, i64)>,
    market: Market,
    accounts: Vec<Account>,
    orders: Vec<Order>,
    open: Vec<usize>,
    places: u64,
}

/// What one portfolio may still take from a displayed or printed size.
#[derive(Clone, Copy, Debug)]
struct Offer {
    price: i128,
    size: i128,
    liquidity: Liquidity,
}

impl Oracle {
    /// Portfolios with these amounts of cash, an instrument with this lot, and the regular sessions
    /// as open and close in nanoseconds.
    #[must_use]
    pub fn new(cash: &[i128], lot: i128, sessions: Vec<(i64, i64)>) -> Self {
        let accounts = cash.iter().map(|cash| Account::new(*cash)).collect();
        Self {
            lot,
            sessions,
            market: Market::default(),
            accounts,
            orders: Vec::new(),
            open: Vec::new(),
            places: 0,
        }
    }

    /// The orders, in the order in which they were sent.
    #[must_use]
    pub fn orders(&self) -> &[Order] {
        &self.orders
    }

    /// A portfolio's money and holding.
    #[must_use]
    pub fn account(&self, portfolio: usize) -> &Account {
        &self.accounts[portfolio]
    }

    /// How many orders are open.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.open.len()
    }

    /// Takes one tick of the market.
    pub fn tick(&mut self, tick: &Tick) {
        self.expire(tick.time);
        match tick.body {
            TickBody::Quote(quote) => self.quote(tick.time, quote),
            TickBody::Print(print) => self.print(tick.time, print),
        }
        self.forget_closed();
    }

    /// Takes a new order at an engine time; the answer is its index, and its state says whether it
    /// was refused.
    pub fn submit(&mut self, time: i64, new: NewOrder) -> usize {
        self.expire(time);
        let mut order = Order::new(new, time);
        order.hwm = self.market.reference_for(order.new.side);
        order.expires = match order.new.time_in_force {
            TimeInForce::Day => Some(self.day_end(time)),
            TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => None,
        };
        let (cash, qty) = self.reservation(&order);
        order.status = match self.refusal(&order, cash, qty) {
            Some(code) => Status::Rejected(code),
            None => Status::New,
        };
        let index = self.orders.len();
        let accepted = order.status == Status::New;
        self.orders.push(order);
        if accepted {
            self.hold(index, cash, qty);
            self.open.push(index);
            self.enter(index, time);
        }
        self.forget_closed();
        index
    }

    /// Ends an open order on request.
    pub fn cancel(&mut self, time: i64, index: usize) {
        self.expire(time);
        self.close(index, Status::Canceled);
        self.forget_closed();
    }

    /// Changes an open order; the change is known to have been taken.
    pub fn replace(&mut self, time: i64, index: usize, change: Change) {
        self.expire(time);
        if !self.orders[index].is_open() {
            return;
        }
        let keeps_place = self.orders[index].apply(change);
        if let (TimeInForce::Day, Some(_)) = (self.orders[index].new.time_in_force, change.time_in_force) {
            self.orders[index].expires = Some(self.day_end(time));
        } else if change.time_in_force.is_some() {
            self.orders[index].expires = None;
        }
        let (cash, qty) = self.reservation(&self.orders[index]);
        self.hold(index, cash, qty);
        if !keeps_place {
            self.enter(index, time);
        }
        self.forget_closed();
    }

    fn in_session(&self, time: i64) -> bool {
        self.sessions.iter().any(|(open, close)| *open <= time && time < *close)
    }

    fn day_end(&self, time: i64) -> i64 {
        let ends = self.sessions.iter().map(|(_, close)| *close).filter(|close| time < *close);
        ends.min().expect("the sessions reach beyond the last order")
    }

    fn expire(&mut self, now: i64) {
        for place in 0..self.open.len() {
            let index = self.open[place];
            if self.orders[index].expires.is_some_and(|end| end <= now) {
                self.close(index, Status::Expired);
            }
        }
        self.forget_closed();
    }

    fn forget_closed(&mut self) {
        let orders = &self.orders;
        self.open.retain(|index| orders[*index].is_open());
    }

    /// What an order must hold back: cash for a buy, holdings for a sell.
    fn reservation(&self, order: &Order) -> (i128, i128) {
        let worst = match order.kind {
            Kind::Limit { limit } | Kind::StopLimit { limit, .. } => limit,
            Kind::Stop { stop } => stop,
            Kind::Trailing { .. } => order.stop().unwrap_or(0),
            Kind::Market => self.market.quote.ask,
        };
        match (order.new.side, order.size) {
            (Side::Buy, Size::Shares(_)) => (fixed::value_up(worst, order.leaves_shares()), 0),
            (Side::Buy, Size::Notional(amount)) => (amount - order.filled_value, 0),
            (Side::Sell, Size::Shares(_)) => (0, order.leaves_shares()),
            (Side::Sell, Size::Notional(amount)) => {
                let price = match order.kind {
                    Kind::Market => self.market.quote.bid,
                    Kind::Limit { .. } | Kind::Stop { .. } | Kind::StopLimit { .. } | Kind::Trailing { .. } => {
                        worst
                    }
                };
                (0, fixed::lots_for(amount - order.filled_value, price, self.lot))
            }
        }
    }

    /// Why an order cannot be taken, in the documented order of precedence.
    fn refusal(&self, order: &Order, cash: i128, qty: i128) -> Option<&'static str> {
        let account = &self.accounts[order.new.portfolio];
        let reference = self.market.reference_for(order.new.side);
        let in_market = |stop: i128| reference.is_some_and(|price| order.new.side.stop_reached(price, stop));
        if order.waits_for_trigger() && order.stop().is_some_and(in_market) {
            Some("STOP_IN_MARKET")
        } else if qty > account.qty - account.reserved_qty {
            Some("INSUFFICIENT_QUANTITY")
        } else if cash > account.cash - account.reserved_cash {
            Some("INSUFFICIENT_BUYING_POWER")
        } else {
            None
        }
    }

    fn hold(&mut self, index: usize, cash: i128, qty: i128) {
        let order = &mut self.orders[index];
        let account = &mut self.accounts[order.new.portfolio];
        account.reserved_cash += cash - order.reserved_cash;
        account.reserved_qty += qty - order.reserved_qty;
        (order.reserved_cash, order.reserved_qty) = (cash, qty);
    }

    fn close(&mut self, index: usize, status: Status) {
        if self.orders[index].is_open() {
            self.hold(index, 0, 0);
            self.orders[index].status = status;
        }
    }

    /// An order comes to the market: as it is sent, as its stop is released, or as it is changed.
    fn enter(&mut self, index: usize, time: i64) {
        self.places += 1;
        self.orders[index].place = self.places;
        if self.orders[index].waits_for_trigger() {
            return;
        }
        if self.in_session(time) {
            self.take_standing_quote(index, time);
        }
        if self.orders[index].new.time_in_force.is_immediate() {
            self.close(index, Status::Canceled);
        }
        let order = &self.orders[index];
        let ahead = order.kind.limit().map_or(0, |limit| self.market.displayed_ahead(order.new.side, limit));
        self.orders[index].ahead = ahead;
    }

    fn take_standing_quote(&mut self, index: usize, time: i64) {
        let order = &self.orders[index];
        let (portfolio, side) = (order.new.portfolio, order.new.side);
        let Some((price, shown)) = self.market.opposite(side, time) else { return };
        if !order.kind.limit().is_none_or(|limit| side.within(price, limit)) {
            return;
        }
        let size = shown - self.accounts[portfolio].taken[side.index()];
        let whole = order.wanted(price, self.lot);
        if order.new.time_in_force == TimeInForce::Fok && size < whole {
            return;
        }
        let qty = self.fill(index, time, Offer { price, size, liquidity: Liquidity::Taker });
        self.accounts[portfolio].taken[side.index()] += qty;
    }

    /// Fills what an offer and the portfolio's money allow; the answer is how much that was.
    fn fill(&mut self, index: usize, time: i64, offer: Offer) -> i128 {
        let order = &self.orders[index];
        let account = &self.accounts[order.new.portfolio];
        let mut qty = i128::min(order.wanted(offer.price, self.lot), offer.size / self.lot * self.lot);
        let unlimited_buy = order.new.side == Side::Buy && order.kind.limit().is_none();
        let mut runs_out = false;
        if unlimited_buy {
            let money = order.reserved_cash + account.cash - account.reserved_cash;
            let affordable = fixed::lots_for(money, offer.price, self.lot);
            runs_out = affordable < qty;
            qty = i128::min(qty, affordable);
        }
        if qty > 0 {
            self.book(index, time, Offer { size: qty, ..offer });
        }
        if runs_out {
            self.close(index, Status::Canceled);
        }
        i128::max(qty, 0)
    }

    fn book(&mut self, index: usize, time: i64, trade: Offer) {
        let order = &mut self.orders[index];
        let value = fixed::value(trade.price, trade.size);
        let before = order.leaves_shares();
        order.fills.push(Fill { time, price: trade.price, qty: trade.size, liquidity: trade.liquidity });
        order.filled += trade.size;
        order.filled_value += value;
        self.accounts[order.new.portfolio].trade(order.new.side, trade.size, value);
        let order = &self.orders[index];
        if order.wanted(trade.price, self.lot) == 0 {
            self.close(index, Status::Filled);
            return;
        }
        let (cash, qty) = match (order.new.side, order.size) {
            (Side::Buy, Size::Shares(_)) => match order.kind {
                Kind::Limit { .. } | Kind::StopLimit { .. } => self.reservation(order),
                Kind::Market | Kind::Stop { .. } | Kind::Trailing { .. } => {
                    (fixed::divide_half_even(order.reserved_cash * order.leaves_shares(), before), 0)
                }
            },
            (Side::Sell, Size::Notional(_)) => (0, i128::max(order.reserved_qty - trade.size, 0)),
            (Side::Buy, Size::Notional(_)) | (Side::Sell, Size::Shares(_)) => self.reservation(order),
        };
        self.hold(index, cash, qty);
        self.orders[index].status = Status::PartiallyFilled;
    }

    fn quote(&mut self, time: i64, quote: TopOfBook) {
        let (bid_changed, ask_changed) = self.market.take_quote(time, quote);
        for account in &mut self.accounts {
            if ask_changed {
                account.taken[Side::Buy.index()] = 0;
            }
            if bid_changed {
                account.taken[Side::Sell.index()] = 0;
            }
        }
        if !self.in_session(time) {
            return;
        }
        for side in [Side::Buy, Side::Sell] {
            let Some((price, _)) = self.market.opposite(side, time) else { continue };
            for index in self.willing(side, price) {
                self.meet_quote(index, time);
            }
        }
        if self.market.reference.is_none() {
            let quoted = [Side::Buy, Side::Sell].map(|side| self.market.reference_for(side));
            self.test_stops(|side| quoted[side.index()], time);
        }
    }

    /// A waiting order looks at a new quote: without a limit it takes, with one it is met at its limit.
    fn meet_quote(&mut self, index: usize, time: i64) {
        let order = &self.orders[index];
        let (portfolio, side) = (order.new.portfolio, order.new.side);
        let Some((shown_price, shown)) = self.market.opposite(side, time) else { return };
        let (price, liquidity) = match order.kind.limit() {
            None => (shown_price, Liquidity::Taker),
            Some(limit) if side.within(shown_price, limit) => (limit, Liquidity::Maker),
            Some(_) => return,
        };
        let size = shown - self.accounts[portfolio].taken[side.index()];
        let qty = self.fill(index, time, Offer { price, size, liquidity });
        self.accounts[portfolio].taken[side.index()] += qty;
    }

    fn print(&mut self, time: i64, print: Print) {
        if !print.is_regular() || !self.in_session(time) {
            return;
        }
        let hit = self.market.judge(print.price, time);
        for account in &mut self.accounts {
            account.taken_of_print = 0;
        }
        for side in [Side::Buy, Side::Sell] {
            if hit.reaches(side) {
                for index in self.willing(side, print.price) {
                    self.meet_print(index, time, print);
                }
            }
        }
        self.market.remember(print.price);
        if !self.market.may_elect(print.price, time) {
            return;
        }
        self.market.reference = Some(print.price);
        self.test_stops(|_| Some(print.price), time);
        for index in &self.open {
            self.orders[*index].ratchet(print.price);
        }
    }

    fn meet_print(&mut self, index: usize, time: i64, print: Print) {
        let order = &mut self.orders[index];
        let Some(limit) = order.kind.limit() else { return };
        if !order.new.side.within(print.price, limit) {
            return;
        }
        let ahead = if print.price == limit { order.ahead } else { 0 };
        order.ahead = i128::max(ahead - print.size, 0);
        let account = &mut self.accounts[order.new.portfolio];
        let size = i128::max(i128::max(print.size - ahead, 0) - account.taken_of_print, 0);
        let portfolio = order.new.portfolio;
        let qty = self.fill(index, time, Offer { price: limit, size, liquidity: Liquidity::Maker });
        self.accounts[portfolio].taken_of_print += qty;
    }

    /// Releases every stop that its side's reference has reached, in the order of time.
    fn test_stops(&mut self, reference_for: impl Fn(Side) -> Option<i128>, time: i64) {
        let is_reached = |order: &Order| {
            let side = order.new.side;
            let pair = order.stop().zip(reference_for(side));
            pair.is_some_and(|(stop, reference)| side.stop_reached(reference, stop))
        };
        let orders = &self.orders;
        let waiting = self.open.iter().copied().filter(|index| orders[*index].waits_for_trigger());
        let mut released: Vec<usize> = waiting.filter(|index| is_reached(&orders[*index])).collect();
        released.sort_by_key(|index| orders[*index].place);
        for index in released {
            self.orders[index].triggered = true;
            self.enter(index, time);
        }
    }

    /// The orders of a side that are in the market and would trade at a price, best price first, then
    /// longest waiting.
    fn willing(&self, side: Side, price: i128) -> Vec<usize> {
        let mut willing: Vec<usize> = self
            .open
            .iter()
            .copied()
            .filter(|index| {
                let order = &self.orders[*index];
                let agrees = order.kind.limit().is_none_or(|limit| side.within(price, limit));
                agrees && order.is_open() && order.new.side == side && !order.waits_for_trigger()
            })
            .collect();
        willing.sort_by_key(|index| {
            let order = &self.orders[*index];
            let keen =
                order.kind.limit().map_or(i128::MIN, |limit| if side == Side::Buy { -limit } else { limit });
            (keen, order.place)
        });
        willing
    }
}
