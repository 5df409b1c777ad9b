//! What an order's terms mean in this market: its price, its worth, what it holds back.
//!
//! Shared by submitting and replacing, so that both refuse the same things for the same reasons.
//! Looks only.

use crate::bar_course::Course;
use crate::commit::row_of;
use crate::fees::{Charging, Lot};
use crate::orders::{OpenOrder, spent};
use crate::session::Phase;
use crate::shard::Shard;
use alloc::format;
use model::{
    Instrument, InstrumentId, Money, NetQty, OrderFees, OrderKind, OrderTerms, PortfolioId, Price, Qty, Reject,
    RejectCode, Reservation, Side, Size, StopInMarket, Time, TimeInForce, Trigger,
};

/// An order as it would be, new or changed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) portfolio: PortfolioId,
    pub(crate) instrument: InstrumentId,
    pub(crate) side: Side,
    /// What its owner asks.
    pub(crate) asked: OrderTerms,
    /// What is filled already.
    pub(crate) filled_qty: Qty,
    /// What that was worth.
    pub(crate) filled_value: Money,
    /// What that came to in commission.
    pub(crate) fees: OrderFees,
    /// The cap at which it rests like a limit order.
    pub(crate) rests_at: Option<Price>,
    /// The trailing mark it starts from or has.
    pub(crate) hwm: Option<Price>,
    /// Whether its stop was released.
    pub(crate) triggered: bool,
    /// What it holds back before this.
    pub(crate) held: Reservation,
}

impl Terms {
    /// An open order as it is, or with so much left.
    pub(crate) fn of(order: &OpenOrder, leaves: Option<Qty>) -> Self {
        let size = leaves.map_or(order.size(), |leaves| Size::Shares(order.filled_qty() + leaves));
        Self {
            portfolio: order.id.portfolio(),
            instrument: order.instrument,
            side: order.side,
            asked: OrderTerms { size, ..order.terms() },
            filled_qty: order.filled_qty(),
            filled_value: order.filled_value(),
            fees: order.fees(),
            rests_at: order.cap().filter(|cap| cap.rests).map(|cap| cap.price),
            hwm: order.hwm(),
            triggered: order.triggered(),
            held: order.reserved(),
        }
    }
}

/// What terms come to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Worth {
    /// The price they are reckoned at, where there is one.
    pub(crate) price: Option<Price>,
    /// What the whole order is worth at it.
    pub(crate) value: Money,
    /// What it would hold back.
    pub(crate) reserved: Reservation,
}

impl Shard {
    pub(crate) fn instrument(&self, id: InstrumentId) -> &Instrument {
        self.instruments[row_of(id)].as_ref().expect("an order names a defined instrument")
    }

    /// Prices on the instrument's steps and quantities in its lots.
    pub(crate) fn check_steps(&self, terms: &Terms) -> Result<(), Reject> {
        self.check_prices(terms)?;
        self.check_lots(terms)
    }

    /// Prices on the instrument's steps.
    pub(crate) fn check_prices(&self, terms: &Terms) -> Result<(), Reject> {
        let instrument = self.instrument(terms.instrument);
        for price in terms.asked.kind.prices() {
            let step = instrument.increment_at(price);
            if !price.is_multiple_of(step) {
                let message =
                    format!("{price} is not a multiple of {step}, the price step of {}", instrument.symbol);
                return Err(Reject::new(RejectCode::InvalidPriceIncrement, message));
            }
        }
        Ok(())
    }

    /// Quantities in the instrument's lots.
    pub(crate) fn check_lots(&self, terms: &Terms) -> Result<(), Reject> {
        let instrument = self.instrument(terms.instrument);
        let shown = terms.asked.instructions.display_qty;
        let total = match terms.asked.size {
            Size::Shares(qty) => Some(qty),
            Size::Notional(_) => None,
        };
        for qty in [total, shown].into_iter().flatten() {
            let lot = instrument.lot_size;
            if !qty.is_multiple_of(lot) || qty.is_zero() {
                let message = format!("{qty} is not a multiple of {lot}, the lot of {}", instrument.symbol);
                return Err(Reject::new(RejectCode::InvalidLotSize, message));
            }
        }
        Ok(())
    }

    /// A stop must be away from the market, unless its portfolio has such released at once; without any market
    /// it may stand anywhere.
    pub(crate) fn check_stop(&self, terms: &Terms) -> Result<(), Reject> {
        match self.portfolio(terms.portfolio).profile.stop_in_market {
            StopInMarket::Refused => {}
            StopInMarket::Released => return Ok(()),
        }
        let stop = match terms.asked.kind.trigger() {
            None | Some(Trigger::Touch(_)) => None,
            Some(Trigger::Stop(stop)) => Some(stop),
            Some(Trigger::Trail(trail)) => terms.hwm.map(|hwm| trail.stop_price(terms.side, hwm)),
        };
        let reference = self.reference_of(terms);
        let (Some(stop), Some(reference), false) = (stop, reference, terms.triggered) else { return Ok(()) };
        if !terms.side.stop_reached(reference, stop) {
            return Ok(());
        }
        let relation = match terms.side {
            Side::Buy => "above",
            Side::Sell => "below",
        };
        let message = format!("the stop {stop} must be {relation} the market at {reference}");
        Err(Reject::new(RejectCode::StopInMarket, message))
    }

    /// The price that the order watches, as it is now; two in a row are not known before the next one.
    pub(crate) fn reference_of(&self, terms: &Terms) -> Option<Price> {
        let source = terms.asked.instructions.trigger_source;
        self.hot[row_of(terms.instrument)].watched_price(source, terms.side, self.arrival())
    }

    /// When the order ends by itself.
    ///
    /// # Errors
    /// When that has passed, or is an auction's end and there is none.
    pub(crate) fn end_of(&self, terms: &Terms) -> Result<Option<Time>, Reject> {
        let OrderTerms { kind, time_in_force, instructions, .. } = terms.asked;
        let waits = kind.waits_for_trigger() || kind.peg().is_some();
        let instrument = self.instrument(terms.instrument);
        match time_in_force {
            TimeInForce::Day => Ok(self.sessions.day_end(instrument.calendar, instructions.hours, self.now)),
            TimeInForce::GoodTilCanceled => Ok(self.gtc_end()),
            TimeInForce::GoodTilDate(end) if end <= self.now => {
                let message = format!("the order would end at {end}, and it is {} already", self.now);
                Err(Reject::new(RejectCode::ExpiryInPast, message))
            }
            TimeInForce::GoodTilDate(end) => Ok(Some(end)),
            TimeInForce::ImmediateOrCancel | TimeInForce::FillOrKill => Ok(None),
            TimeInForce::AtOpen | TimeInForce::AtClose if waits => {
                let message = "only market and limit orders trade in an auction";
                Err(Reject::new(RejectCode::NoAuction, message))
            }
            TimeInForce::AtOpen | TimeInForce::AtClose => {
                let end = self.sessions.auction_end(instrument.calendar, time_in_force, self.now);
                end.map(Some).map_err(|code| Reject::new(code, auction_refusal(code)))
            }
        }
    }

    /// When an order that another one sets free ends: where an auction takes no more orders, with the next.
    pub(crate) fn end_at_latest(&self, terms: &Terms) -> Option<Time> {
        let calendar = self.instrument(terms.instrument).calendar;
        match terms.asked.time_in_force {
            auction @ (TimeInForce::AtOpen | TimeInForce::AtClose) => {
                self.sessions.auction_end_at_latest(calendar, auction, self.now)
            }
            TimeInForce::GoodTilDate(end) => Some(end),
            TimeInForce::Day
            | TimeInForce::GoodTilCanceled
            | TimeInForce::ImmediateOrCancel
            | TimeInForce::FillOrKill => self.end_of(terms).ok().flatten(),
        }
    }

    /// An order that must not take is refused when it would.
    pub(crate) fn check_post_only(&self, terms: &Terms) -> Result<(), Reject> {
        let waits = terms.asked.kind.waits_for_trigger() && !terms.triggered;
        let (true, false, Some(limit)) =
            (terms.asked.instructions.post_only, waits, terms.asked.kind.limit_price())
        else {
            return Ok(());
        };
        match self.takes_at(terms.instrument, terms.side, limit) {
            Some(price) => {
                let message = format!("at {limit} it would take what stands at {price}");
                Err(Reject::new(RejectCode::WouldTake, message))
            }
            None => Ok(()),
        }
    }

    /// At which price an order with this limit would take at once.
    pub(crate) fn takes_at(&self, instrument: InstrumentId, side: Side, limit: Price) -> Option<Price> {
        let row = self.instrument(instrument);
        if let Some(price) = self.course_of(instrument).map(Course::price) {
            return side.within(price, limit).then_some(price);
        }
        let (price, _) = self.hot[row_of(instrument)].opposite(side, self.arrival())?;
        let is_open = self.sessions.phase_at(row.calendar, self.now) != Phase::Closed;
        (is_open && side.within(price, limit)).then_some(price)
    }

    /// An order that may only reduce needs a position on the other side.
    pub(crate) fn check_reduces(&self, terms: &Terms) -> Result<(), Reject> {
        if !terms.asked.instructions.reduce_only {
            return Ok(());
        }
        let account = &self.portfolio(terms.portfolio).account;
        let held = account.position(terms.instrument).map_or(NetQty::default(), |position| position.qty);
        let reduces = match terms.side {
            Side::Buy => held.raw() < 0,
            Side::Sell => held.raw() > 0,
        };
        if reduces {
            return Ok(());
        }
        let message = format!("{held} are held, nothing that it could reduce");
        Err(Reject::new(RejectCode::NothingToReduce, message))
    }

    /// What the terms come to now.
    ///
    /// # Errors
    /// When an amount buys no lot.
    pub(crate) fn worth(&self, terms: &Terms) -> Result<Worth, Reject> {
        let price = self.reckoned_price(terms);
        let lot = self.instrument(terms.instrument).lot_size;
        let portfolio = self.portfolio(terms.portfolio);
        let charging = Charging::of(portfolio, terms, self.now);
        let (value, cash, qty) = match terms.asked.size {
            Size::Shares(total) => {
                let leaves = total - terms.filled_qty;
                let cost = |qty| price.map_or(Money::ZERO, |price| price.value_ceil(qty));
                let fees = |value| price.map_or(Money::ZERO, |_| charging.ahead(Lot { qty: leaves, value }));
                let value = cost(leaves);
                (cost(total), value + fees(value), leaves)
            }
            Size::Notional(amount) => {
                let rest = amount - spent(terms.side, terms.filled_value, terms.fees);
                let free = portfolio.account.available_qty(terms.instrument);
                let qty = price.map_or(free + terms.held.qty, |price| match terms.side {
                    Side::Buy => charging.affordable(rest, price, lot),
                    Side::Sell => Qty::affordable_floor(rest, price, lot),
                });
                if let Some(price) = price.filter(|_| qty.is_zero()) {
                    let message = format!("{rest} does not pay for one lot of {lot} at {price}");
                    return Err(Reject::new(RejectCode::AmountTooSmall, message));
                }
                (amount, rest, qty)
            }
        };
        let reserved = match terms.side {
            // It takes only what is there when it trades.
            _ if terms.asked.instructions.reduce_only => Reservation::default(),
            Side::Buy => Reservation { cash, qty: Qty::ZERO },
            Side::Sell => Reservation { cash: Money::ZERO, qty },
        };
        Ok(Worth { price, value, reserved })
    }

    /// The worst price the terms allow, or what the market asks where they name none.
    fn reckoned_price(&self, terms: &Terms) -> Option<Price> {
        if terms.rests_at.is_some() {
            return terms.rests_at;
        }
        let market = self.hot[row_of(terms.instrument)].price_without_limit(terms.side);
        let stop = |trail: model::Trail| {
            let stop = terms.hwm.map(|hwm| trail.stop_price(terms.side, hwm));
            stop.filter(|stop| stop.is_positive())
        };
        match terms.asked.kind {
            OrderKind::Limit { limit }
            | OrderKind::StopLimit { limit, .. }
            | OrderKind::LimitIfTouched { limit, .. } => Some(limit),
            OrderKind::Pegged(peg) => peg.cap.or(market),
            OrderKind::Stop { stop } if !terms.triggered => Some(stop),
            OrderKind::MarketIfTouched { trigger } if !terms.triggered => Some(trigger),
            OrderKind::TrailingStop { trail, .. } if !terms.triggered => stop(trail).or(market),
            OrderKind::TrailingStopLimit { trail, offset, .. } => {
                stop(trail).or(market).map(|stop| terms.side.worse_by(stop, offset))
            }
            OrderKind::Market
            | OrderKind::Stop { .. }
            | OrderKind::MarketIfTouched { .. }
            | OrderKind::TrailingStop { .. } => market,
        }
    }

    /// Whether the portfolio has what the order would hold back, beyond what it holds already.
    pub(crate) fn check_means(&self, terms: &Terms, worth: &Worth) -> Result<(), Reject> {
        let account = &self.portfolio(terms.portfolio).account;
        let wanted = worth.reserved;
        let free_qty = account.available_qty(terms.instrument) + terms.held.qty;
        let holds_back = !terms.asked.instructions.reduce_only;
        if holds_back && terms.side == Side::Sell && (wanted.qty > free_qty || wanted.qty.is_zero()) {
            let held = account.position(terms.instrument).map_or(0, |position| position.qty.raw());
            let held = Qty::from_raw(held.max(0));
            let message = format!("{} to sell, {free_qty} free of {held} held", wanted.qty);
            return Err(Reject::new(RejectCode::InsufficientQuantity, message));
        }
        let free_cash = account.available_cash() + terms.held.cash;
        if wanted.cash > free_cash {
            let message = format!("the order costs up to {}, buying power is {free_cash}", wanted.cash);
            return Err(Reject::new(RejectCode::InsufficientBuyingPower, message));
        }
        Ok(())
    }
}

fn auction_refusal(code: RejectCode) -> &'static str {
    if code == RejectCode::AuctionCutoff {
        "the auction takes no more orders; the next one does once this one is over"
    } else {
        "this market holds no auctions"
    }
}
