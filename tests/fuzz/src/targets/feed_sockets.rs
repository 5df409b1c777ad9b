//! A server's bytes on the feed's WebSocket: our reader of frames against the library's.
//!
//! The first byte says in which steps the rest arrives. Rules: both hand over the same messages, what the
//! library refuses is refused, and how the bytes arrive changes nothing.

use crate::{Target, kind_of};
use feeds::websocket::{Defect, Frame, Reader};
use std::io::{Cursor, Read, Write};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};

const WORDS: &[&str] = &["\u{1}", "Hello", "\u{e9}", "\0", "\u{3}\u{e8}", "~", "\u{7f}"];
/// Messages are at most this long here, so that the limit is met.
const MESSAGE_BYTES_MAX: usize = 600;

pub(super) const TARGET: Target =
    Target { name: "feed_sockets", run, words: WORDS, executions: 60_000, bytes_max: 2_048 };

fn run(input: &[u8]) -> u64 {
    let Some((step, bytes)) = input.split_first() else { return 0 };
    let (ours, defect) = by_us(bytes, usize::from(*step) + 1);
    let whole = by_us(bytes, usize::MAX);
    assert_eq!((&ours, &defect), (&whole.0, &whole.1), "steps change nothing");
    let (theirs, error) = by_library(bytes);
    if let Some(tungstenite::Error::Utf8(_)) = error {
        // The library looks at the parts of a text before the last has come; we look at it whole.
        assert!(ours.starts_with(&theirs), "{ours:?} {theirs:?}");
        return 1;
    }
    assert_eq!(ours, theirs, "both read the same");
    // Of bytes that stop within a frame, we refuse the head and the library waits for the rest.
    assert!(defect.is_some() || error.is_none(), "only the library refuses: {error:?}");
    let kinds: Vec<&str> =
        ours.iter().map(|message| message.split('(').next().unwrap_or_default()).take(5).collect();
    kind_of(&format!("{kinds:?}{defect:?}"))
}

/// The messages, and what was refused.
fn by_us(bytes: &[u8], step: usize) -> (Vec<String>, Option<Defect>) {
    let mut reader = Reader::new(MESSAGE_BYTES_MAX);
    let mut messages = Vec::new();
    for part in bytes.chunks(step.min(bytes.len().max(1))) {
        let mut part = part;
        while !part.is_empty() {
            let room = reader.room();
            let count = part.len().min(room.len());
            room[..count].copy_from_slice(&part[..count]);
            reader.filled(count);
            part = &part[count..];
            loop {
                match reader.advance().and_then(|found| if found { reader.message() } else { Ok(None) }) {
                    Ok(Some(frame)) => messages.push(told(frame)),
                    Ok(None) => break,
                    Err(defect) => return (messages, Some(defect)),
                }
            }
        }
    }
    (messages, None)
}

fn told(frame: Frame<'_>) -> String {
    match frame {
        Frame::Text(text) => format!("text({text:?})"),
        Frame::Binary(bytes) => format!("binary({bytes:?})"),
        Frame::Ping(bytes) => format!("ping({bytes:?})"),
        Frame::Pong => "pong()".to_owned(),
        Frame::Close(None) => "close()".to_owned(),
        // The library replaces codes that may not be sent, with their reasons.
        Frame::Close(Some(_)) => "close(why)".to_owned(),
    }
}

/// Bytes to read, and nobody who listens.
struct Stream<'a>(Cursor<&'a [u8]>);

impl Read for Stream<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for Stream<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The messages up to a close, and what was refused; that the bytes end is no refusal.
fn by_library(bytes: &[u8]) -> (Vec<String>, Option<tungstenite::Error>) {
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    let mut socket = WebSocket::from_raw_socket(Stream(Cursor::new(bytes)), Role::Client, Some(config));
    let mut messages = Vec::new();
    loop {
        messages.push(match socket.read() {
            Ok(Message::Text(text)) => told(Frame::Text(&text)),
            Ok(Message::Binary(bytes)) => told(Frame::Binary(&bytes)),
            Ok(Message::Ping(bytes)) => told(Frame::Ping(&bytes)),
            Ok(Message::Pong(_)) => told(Frame::Pong),
            Ok(Message::Close(close)) => {
                messages.push(told(Frame::Close(close.map(|_| (0, "")))));
                return (messages, None);
            }
            Ok(Message::Frame(frame)) => panic!("{frame} is no message"),
            Err(tungstenite::Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)) => {
                return (messages, None);
            }
            Err(error) => return (messages, Some(error)),
        });
    }
}
