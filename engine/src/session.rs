//! Whether a market is open, asked often and answered from a remembered stretch of time; and when
//! what depends on sessions ends.

use crate::shard::CalendarPolicy;
use model::calendar::{Date, Session, extended_hours_on, local_date, session_at_or_after, session_on};
use model::{CalendarId, RejectCode, Time, TimeInForce, TradingHours};

/// What a market does at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing trades.
    Closed,
    /// Orders that are meant for it trade, before or after the regular session.
    Extended,
    /// Everything trades.
    Regular,
}

impl Phase {
    /// Whether an order of these hours trades.
    pub(crate) fn admits(self, hours: TradingHours) -> bool {
        match self {
            Self::Closed => false,
            Self::Extended => hours == TradingHours::Extended,
            Self::Regular => true,
        }
    }
}

/// How long before the open on-open orders are taken no more: 09:28 in New York, as Alpaca has it.
const OPEN_CUTOFF_NS: i64 = 120_000_000_000;
/// How long before the close on-close orders are taken no more: 15:55 on a full day, as Alpaca has it.
const CLOSE_CUTOFF_NS: i64 = 300_000_000_000;

/// A stretch of one phase, the end excluded.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: Time,
    until: Time,
    phase: Phase,
}

/// Opening hours under a policy.
#[derive(Debug)]
pub(crate) struct Sessions {
    policy: CalendarPolicy,
    /// How long after the bell an auction's print is waited for.
    auction_wait_ns: i64,
    xnys: Option<Stretch>,
}

impl Sessions {
    pub(crate) const fn new(policy: CalendarPolicy, auction_wait_ns: i64) -> Self {
        Self { policy, auction_wait_ns, xnys: None }
    }

    /// When the bell rings for an order on the open or the close that ends then.
    pub(crate) const fn bell(&self, expires_at: Time) -> Time {
        expires_at.plus_nanos(-self.auction_wait_ns)
    }

    /// The calendar that rules an instrument of this one.
    pub(crate) const fn effective(&self, calendar: CalendarId) -> CalendarId {
        match self.policy {
            CalendarPolicy::OfInstrument => calendar,
            CalendarPolicy::AlwaysOpen => CalendarId::AlwaysOpen,
        }
    }

    /// What the market of a calendar does now.
    pub(crate) fn phase(&mut self, calendar: CalendarId, now: Time) -> Phase {
        match self.effective(calendar) {
            CalendarId::AlwaysOpen => Phase::Regular,
            CalendarId::Xnys => self.stretch(now).phase,
        }
    }

    /// The same without remembering.
    pub(crate) fn phase_at(&self, calendar: CalendarId, now: Time) -> Phase {
        match self.effective(calendar) {
            CalendarId::AlwaysOpen => Phase::Regular,
            CalendarId::Xnys => stretch_at(now).phase,
        }
    }

    /// When the regular session of the exchanges ends; `None` outside it.
    pub(crate) fn regular_until(&mut self, now: Time) -> Option<Time> {
        let Stretch { until, phase, .. } = self.stretch(now);
        (phase == Phase::Regular).then_some(until)
    }

    fn stretch(&mut self, now: Time) -> Stretch {
        let remembered = self.xnys.filter(|stretch| stretch.from <= now && now < stretch.until);
        let stretch = remembered.unwrap_or_else(|| stretch_at(now));
        self.xnys = Some(stretch);
        stretch
    }

    /// When a day order sent now ends: at the close of this session, or of the next one; where it
    /// trades in extended hours, at the end of those. `None` before the first input that carries a
    /// time: the order is given its end with that.
    pub(crate) fn day_end(&self, calendar: CalendarId, hours: TradingHours, now: Time) -> Option<Time> {
        if now == Time::EARLIEST {
            return None;
        }
        let calendar = self.effective(calendar);
        let close = session_at_or_after(calendar, now).close;
        let today = local_date(calendar, now);
        Some(match hours {
            TradingHours::Regular => close,
            TradingHours::Extended => extended_end(calendar, today)
                .filter(|end| now < *end)
                .or_else(|| extended_end(calendar, local_date(calendar, close)))
                .unwrap_or(close),
        })
    }

    /// When the auction that an order sent now would take part in is over for it, a while after the
    /// bell.
    ///
    /// # Errors
    /// When there is no auction, or its time for taking orders has passed.
    pub(crate) fn auction_end(
        &self,
        calendar: CalendarId,
        time_in_force: TimeInForce,
        now: Time,
    ) -> Result<Time, RejectCode> {
        let calendar = self.effective(calendar);
        match calendar {
            CalendarId::AlwaysOpen => return Err(RejectCode::NoAuction),
            CalendarId::Xnys if now == Time::EARLIEST => return Err(RejectCode::NoAuction),
            CalendarId::Xnys => {}
        }
        let session = session_at_or_after(calendar, now);
        let (bell, cutoff_ns) = match time_in_force {
            TimeInForce::AtClose => (session.close, CLOSE_CUTOFF_NS),
            TimeInForce::AtOpen if session.contains(now) => {
                (session_at_or_after(calendar, session.close).open, OPEN_CUTOFF_NS)
            }
            TimeInForce::AtOpen => (session.open, OPEN_CUTOFF_NS),
            TimeInForce::Day
            | TimeInForce::GoodTilCanceled
            | TimeInForce::GoodTilDate(_)
            | TimeInForce::ImmediateOrCancel
            | TimeInForce::FillOrKill => unreachable!("asked of auction orders alone"),
        };
        if now >= bell.plus_nanos(-cutoff_ns) {
            return Err(RejectCode::AuctionCutoff);
        }
        Ok(bell.plus_nanos(self.auction_wait_ns))
    }
}

impl Sessions {
    /// The same for an order that cannot be refused any more: it takes part in the next auction that it
    /// is in time for.
    pub(crate) fn auction_end_at_latest(
        &self,
        calendar: CalendarId,
        time_in_force: TimeInForce,
        now: Time,
    ) -> Option<Time> {
        let later = now.plus_nanos(CLOSE_CUTOFF_NS);
        let end = self.auction_end(calendar, time_in_force, now);
        end.or_else(|_| self.auction_end(calendar, time_in_force, later)).ok()
    }
}

/// When the trading after a day's session ends.
fn extended_end(calendar: CalendarId, day: Date) -> Option<Time> {
    extended_hours_on(calendar, day).map(|hours| hours.post_market_close)
}

/// What the exchanges do at an instant, and until when.
fn stretch_at(now: Time) -> Stretch {
    let calendar = CalendarId::Xnys;
    let today = local_date(calendar, now);
    let hours = session_on(calendar, today).zip(extended_hours_on(calendar, today));
    let next = session_at_or_after(calendar, now);
    let next_day = local_date(calendar, next.open);
    let next_open = extended_hours_on(calendar, next_day).map_or(next.open, |hours| hours.pre_market_open);
    let (until, phase) = match hours {
        Some((Session { open, close, .. }, hours)) => {
            if now < hours.pre_market_open {
                (hours.pre_market_open, Phase::Closed)
            } else if now < open {
                (open, Phase::Extended)
            } else if now < close {
                (close, Phase::Regular)
            } else if now < hours.post_market_close {
                (hours.post_market_close, Phase::Extended)
            } else {
                (next_open, Phase::Closed)
            }
        }
        None => (next_open, Phase::Closed),
    };
    Stretch { from: now, until, phase }
}
