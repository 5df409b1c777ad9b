//! The prices that an order has besides those that its owner named: its limit as it stands, the mark of a
//! trailing stop, how far it may go, what is ahead of it and what of it shows.

use super::{AT_CAP, OpenOrder, QUEUE_UNKNOWN, QueueAhead, Shape};
use model::{OrderKind, Peg, Price, PriceCap, Qty};

impl OpenOrder {
    /// The worst price it may trade at, where it names one. That of a trailing stop stands once it is
    /// released.
    pub(crate) fn limit(&self) -> Option<Price> {
        if self.flags & AT_CAP != 0 {
            return self.cap().map(|cap| cap.price);
        }
        if self.is_trailing() {
            return self.limit_behind_stop();
        }
        self.limit_or_mark.is_positive().then_some(self.limit_or_mark)
    }

    /// The worst price it may trade at, by its limit or by what is known of its cap.
    pub(crate) fn worst_price(&self) -> Option<Price> {
        self.limit().or_else(|| self.cap().map(|cap| cap.price))
    }

    /// How far it may go, where it has no limit and that is known.
    pub(crate) fn cap(&self) -> Option<PriceCap> {
        let price = self.rare.as_ref()?.cap?;
        Some(PriceCap { price, rests: self.flags & AT_CAP != 0 })
    }

    pub(crate) fn set_cap(&mut self, cap: PriceCap) {
        self.rare_mut().cap = Some(cap.price);
        self.flags = if cap.rests { self.flags | AT_CAP } else { self.flags & !AT_CAP };
    }

    #[cold]
    fn limit_behind_stop(&self) -> Option<Price> {
        let OrderKind::TrailingStopLimit { trail, offset, .. } = self.kind() else { return None };
        let stop = trail.stop_price(self.side, self.hwm()?);
        Some(self.side.worse_by(stop, offset))
    }

    pub(super) fn is_trailing(&self) -> bool {
        match self.shape {
            Shape::TrailingAmount
            | Shape::TrailingPercent
            | Shape::TrailingAmountLimit
            | Shape::TrailingPercentLimit => true,
            Shape::Market
            | Shape::Limit
            | Shape::Stop
            | Shape::StopLimit
            | Shape::MarketIfTouched
            | Shape::LimitIfTouched
            | Shape::Pegged => false,
        }
    }

    /// The price that must be touched before its trailing stop follows, while it was not.
    pub(crate) fn dormant_until(&self) -> Option<Price> {
        let rare = self.rare.as_ref()?;
        rare.activation.filter(|_| self.is_trailing() && self.limit_or_mark.is_zero())
    }

    /// What of an iceberg is still shown; all of an order that shows all.
    pub(crate) fn slice_left(&self) -> Option<Qty> {
        let rare = self.rare.as_ref()?;
        rare.instructions.display_qty.map(|shown| shown.saturating_sub(rare.slice_filled))
    }

    /// So much of the shown slice traded; says whether it is used up, and the next one shows.
    pub(crate) fn fill_slice(&mut self, qty: Qty) -> bool {
        let Some(left) = self.slice_left() else { return false };
        let is_used_up = qty >= left;
        let rare = self.rare_mut();
        rare.slice_filled = if is_used_up { Qty::ZERO } else { rare.slice_filled + qty };
        is_used_up
    }

    /// What a pegged order follows.
    pub(crate) fn peg(&self) -> Option<Peg> {
        self.rare.as_ref().and_then(|rare| rare.peg)
    }

    /// A pegged order has another limit, or none.
    pub(crate) fn set_pegged_limit(&mut self, limit: Option<Price>) {
        assert!(self.peg().is_some(), "only a pegged order's limit follows");
        self.limit_or_mark = limit.unwrap_or(Price::ZERO);
    }

    /// The limit that a pegged order has now, where that is another one than the last event told; zero for none.
    pub(crate) fn pegged_elsewhere(&self) -> Option<Price> {
        let rare = self.rare.as_ref().filter(|rare| rare.peg.is_some())?;
        (rare.peg_recorded != self.limit_or_mark).then_some(self.limit_or_mark)
    }

    /// The trailing mark, or the limit of a pegged order, as of the last event.
    pub(crate) fn hwm(&self) -> Option<Price> {
        if let Some(rare) = self.rare.as_ref().filter(|rare| rare.peg.is_some()) {
            return rare.peg_recorded.is_positive().then_some(rare.peg_recorded);
        }
        (self.is_trailing() && self.limit_or_mark.is_positive()).then_some(self.limit_or_mark)
    }

    pub(crate) fn set_hwm(&mut self, hwm: Price) {
        if let Some(rare) = self.rare.as_mut().filter(|rare| rare.peg.is_some()) {
            rare.peg_recorded = hwm;
            return;
        }
        assert!(self.is_trailing(), "only a trailing stop has a mark");
        self.limit_or_mark = hwm;
    }

    pub(crate) fn queue_ahead(&self) -> QueueAhead {
        let ahead = match self.rare.as_ref() {
            _ if self.has_no_stop() => self.stop_or_queue,
            Some(rare) => rare.queue_ahead,
            None => QUEUE_UNKNOWN,
        };
        if ahead == QUEUE_UNKNOWN { QueueAhead::Unknown } else { QueueAhead::Known(Qty::from_raw(ahead)) }
    }

    pub(crate) fn set_queue_ahead(&mut self, ahead: QueueAhead) {
        let ahead = match ahead {
            QueueAhead::Unknown => QUEUE_UNKNOWN,
            QueueAhead::Known(qty) => qty.raw(),
        };
        if self.has_no_stop() {
            self.stop_or_queue = ahead;
        } else if ahead != QUEUE_UNKNOWN || self.rare.is_some() {
            self.rare_mut().queue_ahead = ahead;
        }
    }
}
