//! Whether a market is open, asked often and answered from a remembered session.

use crate::shard::CalendarPolicy;
use model::calendar::{Session, session_at_or_after};
use model::{CalendarId, Time};

/// Opening hours under a policy. Questions must not go back in time.
#[derive(Debug)]
pub(crate) struct Sessions {
    policy: CalendarPolicy,
    xnys: Option<Session>,
}

impl Sessions {
    pub(crate) const fn new(policy: CalendarPolicy) -> Self {
        Self { policy, xnys: None }
    }

    /// The calendar that rules an instrument of this one.
    pub(crate) const fn effective(&self, calendar: CalendarId) -> CalendarId {
        match self.policy {
            CalendarPolicy::OfInstrument => calendar,
            CalendarPolicy::AlwaysOpen => CalendarId::AlwaysOpen,
        }
    }

    pub(crate) fn is_open(&mut self, calendar: CalendarId, now: Time) -> bool {
        match self.effective(calendar) {
            CalendarId::AlwaysOpen => true,
            CalendarId::Xnys => self.regular_until(now).is_some(),
        }
    }

    /// When the regular session of the exchanges ends; `None` outside it.
    pub(crate) fn regular_until(&mut self, now: Time) -> Option<Time> {
        let session = match self.xnys {
            Some(session) if now < session.close => session,
            Some(_) | None => session_at_or_after(CalendarId::Xnys, now),
        };
        self.xnys = Some(session);
        session.contains(now).then_some(session.close)
    }

    /// When a day order sent now ends: at the close of this session, or of the next one. `None`
    /// before the first input that carries a time: the order is given its end with that.
    pub(crate) fn day_end(&self, calendar: CalendarId, now: Time) -> Option<Time> {
        (now > Time::EARLIEST).then(|| session_at_or_after(self.effective(calendar), now).close)
    }
}
