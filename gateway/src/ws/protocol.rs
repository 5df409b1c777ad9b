//! The WebSocket's messages: what clients say, and what they are told.

use crate::dto::{QuoteReply, Timestamp};
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Operation {
    /// The first message: `token`, or `key_id` and `secret`. Later ones with a token renew.
    Auth,
    Subscribe,
    Unsubscribe,
    /// Answered by `{"op": "pong"}`.
    Ping,
}

/// What can be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Channel {
    Portfolio,
    Quotes,
}

/// A message from a client.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WsRequest, example = json!({"op": "subscribe", "channel": "portfolio", "portfolio_id": "5e0d9c5a-1c2b-8f00-9a3b-2f1c5d7e9a01", "after_seq": 41}))]
pub(crate) struct ClientMessage {
    pub(crate) op: Operation,
    #[serde(default)]
    pub(crate) token: Option<String>,
    #[serde(default)]
    pub(crate) key_id: Option<String>,
    #[serde(default)]
    pub(crate) secret: Option<String>,
    #[serde(default)]
    pub(crate) channel: Option<Channel>,
    #[serde(default)]
    pub(crate) portfolio_id: Option<Uuid>,
    /// The last message you have; 0 for all that are kept; absent: from now on.
    #[serde(default)]
    pub(crate) after_seq: Option<u64>,
    /// The history that `after_seq` belongs to.
    #[serde(default)]
    pub(crate) epoch: Option<String>,
    #[serde(default)]
    pub(crate) symbols: Option<Vec<String>>,
}

/// The end of a portfolio's stream, as a heartbeat tells it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = WsHead)]
pub(crate) struct Head {
    pub(crate) channel: Channel,
    pub(crate) portfolio_id: Uuid,
    /// Compare it with the last message you got: a difference that stays is a loss.
    pub(crate) head_seq: u64,
}

/// A message to a client that is not of a channel.
#[derive(Serialize, ToSchema)]
#[serde(tag = "op", rename_all = "lowercase")]
#[schema(as = WsReply)]
pub(crate) enum ServerMessage {
    Authenticated {},
    Subscribed(Subscribed),
    Unsubscribed {
        channel: Channel,
        #[serde(skip_serializing_if = "Option::is_none")]
        portfolio_id: Option<Uuid>,
        #[serde(skip_serializing_if = "Option::is_none")]
        symbols: Option<Vec<String>>,
    },
    /// Sent each second.
    Heartbeat {
        /// Engine time.
        time: Timestamp,
        heads: Vec<Head>,
    },
    Pong {},
    Error {
        #[schema(example = "SEQ_AHEAD")]
        code: String,
        message: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<Channel>,
        #[serde(skip_serializing_if = "Option::is_none")]
        portfolio_id: Option<Uuid>,
        #[serde(skip_serializing_if = "Option::is_none")]
        field: Option<String>,
    },
}

/// A subscription that stands.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = WsSubscribed)]
pub(crate) enum Subscribed {
    /// To a portfolio's stream.
    Portfolio { channel: Channel, portfolio_id: Uuid, epoch: String, head_seq: u64, oldest_seq: u64 },
    /// To quotes; all symbols that this connection follows.
    Quotes { channel: Channel, symbols: Vec<String> },
}

/// A quote that changed. Quotes are conflated: the latest is sent, at most ten times a second.
#[derive(Serialize, ToSchema)]
#[schema(as = QuoteMessage)]
pub(crate) struct QuoteMessage {
    /// Always `quotes`.
    pub(crate) channel: Channel,
    pub(crate) data: QuoteReply,
}

impl ServerMessage {
    /// An error that concerns no channel.
    pub(crate) fn error(code: &str, message: impl Into<String>) -> Self {
        Self::Error {
            code: code.to_owned(),
            message: message.into(),
            channel: None,
            portfolio_id: None,
            field: None,
        }
    }

    /// An error about a subscription.
    pub(crate) fn about(problem: &Problem, channel: Channel, portfolio_id: Option<Uuid>) -> Self {
        Self::Error {
            code: problem.code().to_owned(),
            message: problem.detail().to_owned(),
            channel: Some(channel),
            portfolio_id,
            field: problem.field().map(str::to_owned),
        }
    }

    /// Its text.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).expect("plain data always serialises into memory")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;

    #[test]
    fn messages_are_strict() {
        for text in [
            r#"{"op": "auth", "token": "t"}"#,
            r#"{"op": "subscribe", "channel": "quotes", "symbols": ["AAPL"]}"#,
            r#"{"op": "ping"}"#,
        ] {
            assert!(parse_object::<ClientMessage>(text.as_bytes()).is_ok(), "{text}");
        }
        for text in [
            "",
            "[]",
            "{}",
            r#"{"op": "shout"}"#,
            r#"{"op": "ping", "op": "ping"}"#,
            r#"{"op": "ping", "x": 1}"#,
            r#"{"op": "subscribe", "channel": "everything"}"#,
            r#"{"op": "subscribe", "after_seq": -1}"#,
            r#"{"op": "subscribe", "after_seq": "41"}"#,
            r#"{"op": "subscribe", "portfolio_id": 7}"#,
        ] {
            assert!(parse_object::<ClientMessage>(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn replies_have_the_documented_form() {
        assert_eq!(ServerMessage::Authenticated {}.text(), r#"{"op":"authenticated"}"#);
        assert_eq!(ServerMessage::error("X", "y").text(), r#"{"op":"error","code":"X","message":"y"}"#);
        let id = Uuid::nil();
        let subscribed = Subscribed::Portfolio {
            channel: Channel::Portfolio,
            portfolio_id: id,
            epoch: "e".to_owned(),
            head_seq: 2,
            oldest_seq: 1,
        };
        let expected = format!(
            r#"{{"op":"subscribed","channel":"portfolio","portfolio_id":"{id}","epoch":"e","head_seq":2,"oldest_seq":1}}"#
        );
        assert_eq!(ServerMessage::Subscribed(subscribed).text(), expected);
    }
}
