//! What a portfolio has already taken from the market.
//!
//! Each displayed size, each trade and each part of a bar's volume is spent once among the orders of one portfolio. Displayed
//! size is there again only when that side's price or size changes. Portfolios know nothing of
//! each other. Market state: after a restart nothing is spent.

use crate::bar_course::Point;
use alloc::collections::BTreeMap;
use model::{InstrumentId, Qty, Side, TickSeq, Time};

/// Which displayed size: the side that orders of `side` trade against, as of a version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Display {
    pub(crate) instrument: InstrumentId,
    pub(crate) side: Side,
    pub(crate) version: u32,
}

/// Which part of a bar's volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BarShare {
    pub(crate) instrument: InstrumentId,
    pub(crate) close_time: Time,
    pub(crate) point: Point,
}

#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    version: u32,
    qty: Qty,
}

/// The budgets of one portfolio.
#[derive(Debug, Default)]
pub(crate) struct Budgets {
    displays: BTreeMap<(InstrumentId, Side), Spent>,
    trade: TickSeq,
    spent_on_trade: Qty,
    /// By instrument: the part that was last taken from.
    bars: BTreeMap<InstrumentId, (BarShare, Qty)>,
}

impl Budgets {
    /// What is left of a displayed size.
    pub(crate) fn left_of_display(&self, display: Display, displayed: Qty) -> Qty {
        match self.displays.get(&(display.instrument, display.side)) {
            Some(spent) if spent.version == display.version => displayed.saturating_sub(spent.qty),
            Some(_) | None => displayed,
        }
    }

    pub(crate) fn spend_display(&mut self, display: Display, qty: Qty) {
        let spent = self.displays.entry((display.instrument, display.side)).or_default();
        if spent.version != display.version {
            *spent = Spent { version: display.version, qty: Qty::ZERO };
        }
        spent.qty += qty;
    }

    /// What is left of this much of a trade.
    pub(crate) fn left_of_trade(&self, trade: TickSeq, reachable: Qty) -> Qty {
        if self.trade == trade { reachable.saturating_sub(self.spent_on_trade) } else { reachable }
    }

    /// What is left of this much of a part of a bar's volume.
    pub(crate) fn left_of_bar(&self, share: BarShare, qty: Qty) -> Qty {
        match self.bars.get(&share.instrument) {
            Some((last, spent)) if *last == share => qty.saturating_sub(*spent),
            Some(_) | None => qty,
        }
    }

    pub(crate) fn spend_bar(&mut self, share: BarShare, qty: Qty) {
        let (last, spent) = self.bars.entry(share.instrument).or_insert((share, Qty::ZERO));
        if *last != share {
            (*last, *spent) = (share, Qty::ZERO);
        }
        *spent += qty;
    }

    pub(crate) fn spend_trade(&mut self, trade: TickSeq, qty: Qty) {
        if self.trade != trade {
            self.trade = trade;
            self.spent_on_trade = Qty::ZERO;
        }
        self.spent_on_trade += qty;
    }
}
