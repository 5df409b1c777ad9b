//! One upgraded connection: what comes in is taken apart by the library, texts that go out are framed here.
//!
//! Streams' messages come framed, and are written from where they are shared; other texts that wait together
//! are joined. It must never write while the library still has something to write, and it holds no memory
//! between two writings. Invariant: whatever reaches the stream is whole frames, one after another.

use futures_util::{SinkExt, Stream, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use model::limits::{CLIENT_BYTES_MAX, CLIENT_MESSAGE_BYTES_MAX};
use runtime::MessageRun;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

/// Clients say little: what they say is read in steps of this size, which each connection holds.
const READ_BUFFER_BYTES: usize = 4 * 1024;
/// What the library may hold of its own frames: pongs and the like.
const WRITE_BUFFER_BYTES: usize = 4 * 1024;
/// What is joined before it is written; a client that does not read holds this much and a message.
const JOINED_BYTES: usize = 32 * 1024;
/// First byte of an unfragmented text (RFC 6455, section 5.2).
const FINAL_TEXT: u8 = 0x81;

/// See the module.
pub(super) struct Socket {
    library: WebSocketStream<TokioIo<Upgraded>>,
    joined: Vec<u8>,
}

impl Socket {
    /// The server's side of a connection whose handshake is over.
    pub(super) async fn new(upgraded: Upgraded) -> Self {
        let config = WebSocketConfig::default()
            .max_message_size(Some(CLIENT_MESSAGE_BYTES_MAX))
            .max_frame_size(Some(CLIENT_MESSAGE_BYTES_MAX))
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(WRITE_BUFFER_BYTES)
            .max_write_buffer_size(CLIENT_BYTES_MAX);
        let library = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
        Self { library, joined: Vec::new() }
    }

    /// Joins a text to what is written next; writes when enough waits. After being cancelled or failing, the
    /// socket is good for nothing.
    pub(super) async fn put(&mut self, text: &[u8]) -> Result<(), Error> {
        if self.joined.capacity() == 0 {
            self.joined.reserve(JOINED_BYTES.min(text.len() + HEADER_BYTES_MAX));
        }
        put_text_frame(text, &mut self.joined);
        if self.joined.len() >= JOINED_BYTES { self.write().await } else { Ok(()) }
    }

    /// Writes what waits, and lets go of its memory.
    pub(super) async fn finish(&mut self) -> Result<(), Error> {
        let written = self.write().await;
        self.joined = Vec::new();
        written
    }

    /// Writes frames that were made before, after what waits, without copying them. After being cancelled or
    /// failing, the socket is good for nothing.
    pub(super) async fn pass_on(&mut self, runs: &[MessageRun]) -> Result<(), Error> {
        self.finish().await?;
        self.library.flush().await?;
        let mut slices: Vec<IoSlice<'_>> = runs.iter().map(|run| IoSlice::new(run.frames())).collect();
        let mut left = slices.as_mut_slice();
        while !left.is_empty() {
            let written = self.library.get_mut().write_vectored(left).await?;
            if written == 0 {
                return Err(Error::ConnectionClosed);
            }
            IoSlice::advance_slices(&mut left, written);
        }
        Ok(())
    }

    /// Writes a frame of another kind.
    pub(super) async fn send(&mut self, message: Message) -> Result<(), Error> {
        self.finish().await?;
        self.library.send(message).await
    }

    async fn write(&mut self) -> Result<(), Error> {
        if self.joined.is_empty() {
            return Ok(());
        }
        self.library.flush().await?;
        self.library.get_mut().write_all(&self.joined).await?;
        self.joined.clear();
        Ok(())
    }
}

impl Stream for Socket {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.library.poll_next_unpin(context)
    }
}

/// The longest head of a frame without a mask.
const HEADER_BYTES_MAX: usize = 10;

/// A server's frames are not masked: a head that tells the length, and the text as it is.
fn put_text_frame(text: &[u8], out: &mut Vec<u8>) {
    put_text_head(text.len(), out);
    out.extend_from_slice(text);
}

/// The head of a text's frame.
pub(crate) fn put_text_head(text_bytes: usize, out: &mut Vec<u8>) {
    out.push(FINAL_TEXT);
    match (u8::try_from(text_bytes), u16::try_from(text_bytes)) {
        (Ok(length @ 0..=125), _) => out.push(length),
        (_, Ok(length)) => {
            out.push(126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        (_, Err(_)) => {
            out.push(127);
            out.extend_from_slice(&(text_bytes as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Heads by hand from RFC 6455, section 5.2.
    #[test]
    fn texts_are_framed_by_their_length() {
        let check = |length: usize, head: &[u8]| {
            let text = vec![b'x'; length];
            let mut framed = Vec::new();
            put_text_frame(&text, &mut framed);
            assert_eq!(framed, [head, &text].concat(), "{length} bytes");
        };
        check(0, &[0x81, 0]);
        check(125, &[0x81, 125]);
        check(126, &[0x81, 126, 0, 126]);
        check(65_535, &[0x81, 126, 0xFF, 0xFF]);
        check(65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }
}
