//! The stream's messages in the document: one shape for each kind, told apart by `type`.
//!
//! They are written by hand because the encoder writes them from one generic envelope.

use model::MessageKind;
use utoipa::openapi::schema::{
    ArrayBuilder, Discriminator, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Components, KnownFormat, Ref, RefOr};

/// Every kind of message: its schema's name, the schema of its `data`, and when it is sent.
const MESSAGES: [(MessageKind, &str, &str, &str); 5] = [
    (MessageKind::Order, "OrderMessage", "Order", "An order was taken, refused, changed, filled or ended."),
    (MessageKind::Fill, "FillMessage", "Trade", "An order was filled, wholly or in part."),
    (MessageKind::Position, "PositionMessage", "Position", "A holding changed. Prices are null here."),
    (MessageKind::Cash, "CashMessage", "Cash", "Cash, or what is reserved of it, changed."),
    (MessageKind::Portfolio, "RulesMessage", "PortfolioRules", "The portfolio was opened, or its limits changed."),
];

/// Adds the messages, what they are together, and the page of them that REST gives.
pub(super) fn add(components: &mut Components) {
    let mut any = OneOfBuilder::new().description(Some("A message of a portfolio's stream."));
    let mut mapping = Vec::new();
    for (kind, name, data, description) in MESSAGES {
        components.schemas.insert(name.to_owned(), message(kind, data, description));
        any = any.item(Ref::from_schema_name(name));
        mapping.push((kind.name(), format!("#/components/schemas/{name}")));
    }
    let any = any.discriminator(Some(Discriminator::with_mapping("type", mapping)));
    components.schemas.insert("PortfolioMessage".to_owned(), any.into());
    let sent = ["WsReply", "PortfolioMessage", "QuoteMessage"]
        .into_iter()
        .fold(OneOfBuilder::new(), |sent, name| sent.item(Ref::from_schema_name(name)))
        .description(Some("Whatever the server sends over the WebSocket."));
    components.schemas.insert("WsMessage".to_owned(), sent.into());
    components.schemas.insert("EventsPage".to_owned(), page());
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn number(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(0))
        .description(Some(description))
}

fn message(kind: MessageKind, data: &str, description: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .description(Some(description))
        .property("channel", text().enum_values(Some(["portfolio"])))
        .property("portfolio_id", text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))))
        .property("seq", number("Gapless from 1."))
        .property("type", text().enum_values(Some([kind.name()])))
        .property("time", Ref::from_schema_name("Timestamp"))
        .property("data", Ref::from_schema_name(data))
        .into()
}

fn page() -> RefOr<Schema> {
    let next = text()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some("What to send as `cursor` for the next page; null at the end."));
    ObjectBuilder::new()
        .description(Some("Messages of a stream, oldest first."))
        .property("results", ArrayBuilder::new().items(Ref::from_schema_name("PortfolioMessage")))
        .property("next", next)
        .property("epoch", text().description(Some("The history that sequence numbers belong to.")))
        .property("head_seq", number("The number of the stream's last message."))
        .property("oldest_seq", number("The number of the oldest message that is kept."))
        .into()
}
