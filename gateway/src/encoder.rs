//! Stream messages as JSON: the same shapes as over REST, made once and sent to everyone.
//!
//! A message depends on its event alone, so that it has the same bytes on every delivery.

use crate::dto::{CashReply, OrderView, PositionReply, RulesReply, Timestamp, TradeView};
use crate::ids::Ids;
use crate::ws::put_text_head;
use model::MessageKind;
use runtime::{Framing, StreamEncoder, StreamItem, StreamMessage};
use serde::Serialize;
use std::sync::Arc;
use uuid::Uuid;

/// Turns views into the JSON that clients receive.
pub(crate) struct JsonEncoder {
    ids: Arc<Ids>,
}

/// A message of a portfolio's stream.
#[derive(Serialize)]
struct Envelope<T> {
    /// Always `portfolio`.
    channel: &'static str,
    portfolio_id: Uuid,
    /// Gapless from 1.
    seq: u64,
    /// order, fill, position, cash or portfolio.
    r#type: &'static str,
    time: Timestamp,
    /// The order, the trade, the position, the cash or the rules.
    data: T,
}

impl JsonEncoder {
    /// With the ids of the installation.
    pub(crate) fn new(ids: Arc<Ids>) -> Self {
        Self { ids }
    }

    fn write<T: Serialize>(&self, message: &StreamMessage<'_>, kind: MessageKind, data: T, out: &mut Vec<u8>) {
        let envelope = Envelope {
            channel: "portfolio",
            portfolio_id: self.ids.portfolio(message.portfolio),
            seq: message.seq.get(),
            r#type: kind.name(),
            time: Timestamp(message.time),
            data,
        };
        serde_json::to_writer(out, &envelope).expect("plain data always serialises into memory");
    }
}

impl StreamEncoder for JsonEncoder {
    fn encode(&self, message: &StreamMessage<'_>, out: &mut Vec<u8>) {
        match message.item {
            StreamItem::Order(row) => self.write(message, MessageKind::Order, OrderView::of(row, &self.ids), out),
            StreamItem::Fill(row) => self.write(message, MessageKind::Fill, TradeView::of(row, &self.ids), out),
            StreamItem::Position(view) => {
                self.write(message, MessageKind::Position, PositionReply::of(view, None), out);
            }
            StreamItem::Cash(view) => self.write(message, MessageKind::Cash, CashReply::of(view), out),
            StreamItem::Portfolio(view) => self.write(message, MessageKind::Portfolio, RulesReply::of(view), out),
        }
    }

    fn framing(&self) -> Framing {
        Framing(put_text_head)
    }
}
