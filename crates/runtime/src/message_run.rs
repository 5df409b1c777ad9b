//! Consecutive messages of one stream, framed as connections carry them, made once and shared by all.
//!
//! A run owns the bytes; whoever follows the stream holds a place in it, and nobody copies. It must never
//! be changed after it was made. Invariant: its messages are numbered without a gap from the first.

use bytes::Bytes;
use model::PortfolioSeq;
use std::sync::Arc;

/// Bytes of frames beyond which a run takes no further message: what a client that stopped in the middle of
/// one keeps from going away.
const RUN_BYTES_MAX: usize = 16 * 1024;
/// Messages beyond which a run takes no further one.
const RUN_MESSAGES_MAX: usize = 64;

/// Appends what goes before a message of so many bytes on a connection.
#[derive(Clone, Copy, Debug)]
pub struct Framing(pub fn(usize, &mut Vec<u8>));

impl Framing {
    /// Messages as they are, one after another.
    pub const NONE: Self = Self(|_, _| {});
}

/// A place in a run: its messages from one of them on.
#[derive(Clone, Debug)]
pub struct MessageRun {
    run: Arc<Run>,
    /// Messages of the run that are not meant.
    skipped: usize,
}

#[derive(Debug)]
struct Run {
    first: PortfolioSeq,
    frames: Bytes,
    places: Box<[Place]>,
}

/// Where a message lies among the frames. It ends where the next one's frame begins.
#[derive(Clone, Copy, Debug)]
struct Place {
    text: usize,
    end: usize,
}

impl MessageRun {
    /// The frames of all its messages, one after another.
    #[must_use]
    pub fn frames(&self) -> &[u8] {
        &self.run.frames[self.start()..]
    }

    /// Number and bytes of each message, oldest first; the bytes are shared.
    pub fn messages(&self) -> impl Iterator<Item = (PortfolioSeq, Bytes)> + '_ {
        let numbers = std::iter::successors(Some(self.first()), |seq| Some(seq.next()));
        let places = self.run.places[self.skipped..].iter();
        numbers.zip(places.map(|place| self.run.frames.slice(place.text..place.end)))
    }

    /// Its first message.
    pub(crate) fn first(&self) -> PortfolioSeq {
        PortfolioSeq::new(self.run.first.get() + self.skipped as u64)
    }

    /// Its last message.
    pub(crate) fn last(&self) -> PortfolioSeq {
        PortfolioSeq::new(self.run.first.get() + self.run.places.len() as u64 - 1)
    }

    /// How many messages.
    pub(crate) fn count(&self) -> usize {
        self.run.places.len() - self.skipped
    }

    /// The messages after this one; nothing where none follows.
    pub(crate) fn after(&self, seq: PortfolioSeq) -> Option<Self> {
        let passed = usize::try_from((seq.get() + 1).saturating_sub(self.run.first.get())).unwrap_or(usize::MAX);
        let skipped = self.skipped.max(passed);
        (skipped < self.run.places.len()).then(|| Self { run: Arc::clone(&self.run), skipped })
    }

    fn start(&self) -> usize {
        self.skipped.checked_sub(1).map_or(0, |before| self.run.places[before].end)
    }
}

/// Makes runs; keeps its memory between two.
#[derive(Debug)]
pub(crate) struct RunBuilder {
    framing: Framing,
    frames: Vec<u8>,
    places: Vec<Place>,
}

impl RunBuilder {
    pub(crate) fn new(framing: Framing) -> Self {
        Self { framing, frames: Vec::new(), places: Vec::new() }
    }

    /// Adds the next message.
    pub(crate) fn add(&mut self, message: &[u8]) {
        (self.framing.0)(message.len(), &mut self.frames);
        let text = self.frames.len();
        self.frames.extend_from_slice(message);
        self.places.push(Place { text, end: self.frames.len() });
    }

    /// How long the frames are so far.
    pub(crate) fn bytes(&self) -> usize {
        self.frames.len()
    }

    /// Whether the run is as long as runs get.
    pub(crate) fn is_full(&self) -> bool {
        self.frames.len() >= RUN_BYTES_MAX || self.places.len() >= RUN_MESSAGES_MAX
    }

    /// The run of what was added, which begins with this message; nothing when nothing was.
    pub(crate) fn finish(&mut self, first: PortfolioSeq) -> Option<MessageRun> {
        if self.places.is_empty() {
            return None;
        }
        let run =
            Run { first, frames: Bytes::copy_from_slice(&self.frames), places: self.places.as_slice().into() };
        self.frames.clear();
        self.places.clear();
        Some(MessageRun { run: Arc::new(run), skipped: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A length in one byte, as a stand-in for a protocol.
    const COUNTED: Framing = Framing(|length, out| out.push(u8::try_from(length).expect("short")));

    fn check(after: u64, frames: Option<&[u8]>, messages: &[(u64, &[u8])]) {
        let mut builder = RunBuilder::new(COUNTED);
        for text in [b"one".as_slice(), b"", b"three"] {
            builder.add(text);
        }
        let run = builder.finish(PortfolioSeq::new(7)).expect("messages");
        let rest = run.after(PortfolioSeq::new(after));
        assert_eq!(rest.as_ref().map(MessageRun::frames), frames, "after {after}");
        let told: Vec<_> = rest.iter().flat_map(MessageRun::messages).collect();
        let told: Vec<_> = told.iter().map(|(seq, bytes)| (seq.get(), bytes.as_ref())).collect();
        assert_eq!(told, messages, "after {after}");
        assert!(builder.finish(PortfolioSeq::new(10)).is_none(), "a run is made once");
    }

    #[test]
    fn a_place_in_a_run_is_all_that_follows_a_message() {
        let all: [(u64, &[u8]); 3] = [(7, b"one"), (8, b""), (9, b"three")];
        check(0, Some(b"\x03one\x00\x05three"), &all);
        check(6, Some(b"\x03one\x00\x05three"), &all);
        check(7, Some(b"\x00\x05three"), &all[1..]);
        check(8, Some(b"\x05three"), &all[2..]);
        check(9, None, &[]);
        check(u64::MAX - 1, None, &[]);
    }
}
