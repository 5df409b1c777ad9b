//! The reading side of a WebSocket's client, without a socket: bytes go in, messages come out.
//!
//! RFC 6455, section 5, without extensions. A message that came in one frame is handed over where it
//! lies in the buffer; only one in several frames is put together elsewhere. It never writes: what has
//! to be answered is told. The invariant: after a defect or a close nothing is handed over any more,
//! and no message is longer than the limit.

use std::ops::Range;

/// What is asked for at once; a longer frame makes the buffer as large as it is.
const BUFFER_BYTES: usize = 128 * 1024;
/// The longest head: two bytes, eight of length, and a mask that servers do not send.
const HEAD_BYTES_MAX: usize = 14;
/// A control frame holds no more (section 5.5).
const CONTROL_BYTES_MAX: usize = 125;

const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x70;
const OPCODE: u8 = 0x0F;
const MASKED: u8 = 0x80;

/// One whole message, or a control frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A text.
    Text(&'a str),
    /// Bytes.
    Binary(&'a [u8]),
    /// To be answered with a pong of the same bytes.
    Ping(&'a [u8]),
    /// The other side lives.
    Pong,
    /// The other side ends the connection, and perhaps says why. Nothing comes after it.
    Close(Option<(u16, &'a str)>),
}

/// How a server broke the protocol. The connection is good for nothing after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// Bits of an extension that was not agreed upon.
    #[error("a frame has reserved bits")]
    ReservedBits,
    /// A kind of frame that there is not.
    #[error("a frame has opcode {0}, which means nothing")]
    UnknownOpcode(u8),
    /// Servers do not mask (section 5.1).
    #[error("a server's frame is masked")]
    Masked,
    /// A control frame in parts.
    #[error("a control frame is fragmented")]
    FragmentedControl,
    /// A control frame of more than 125 bytes.
    #[error("a control frame is too long")]
    LongControl,
    /// A part of a message of which there is no first part.
    #[error("a continuation follows nothing")]
    NothingToContinue,
    /// Another message before the last part of one.
    #[error("a message begins within another")]
    Interleaved,
    /// A message beyond the limit.
    #[error("a message of {bytes} bytes is too long")]
    TooLong {
        /// As far as is known.
        bytes: u64,
    },
    /// A text, or the reason of a close, that is no UTF-8.
    #[error("a text is no UTF-8")]
    NotText,
    /// A close with half of a code.
    #[error("a close has half of a code")]
    HalfCode,
}

/// The kinds of frames (section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

/// The head of a frame.
#[derive(Clone, Copy, Debug)]
struct Head {
    opcode: Opcode,
    is_final: bool,
    /// Of the head itself.
    len: usize,
    payload_len: usize,
}

/// Where the message that was read last lies.
#[derive(Clone, Debug)]
enum Place {
    Buffer(Range<usize>),
    /// Put together in [`Reader::parts`].
    Parts,
}

/// See the module.
#[derive(Debug)]
pub struct Reader {
    /// Bytes that came and were not read yet are those from `at` to `end`.
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// A message in several frames as far as it came.
    parts: Vec<u8>,
    /// What the parts are parts of; `None` between messages.
    begun: Option<Opcode>,
    found: Option<(Opcode, Place)>,
    bytes_max: usize,
    ended: bool,
}

impl Reader {
    /// Nothing came yet; messages are at most this long.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self {
            buffer: vec![0; BUFFER_BYTES],
            at: 0,
            end: 0,
            parts: Vec::new(),
            begun: None,
            found: None,
            bytes_max,
            ended: false,
        }
    }

    /// Where bytes that come are to be put: never empty. What was found is let go.
    pub fn room(&mut self) -> &mut [u8] {
        self.found = None;
        self.buffer.copy_within(self.at..self.end, 0);
        (self.at, self.end) = (0, self.end - self.at);
        let wanted = match head(&self.buffer[..self.end], self.bytes_max) {
            Ok(Some(head)) => head.len + head.payload_len,
            Ok(None) | Err(_) => HEAD_BYTES_MAX,
        };
        // A reader that is asked for room before it has read what is there gets some all the same.
        let wanted = wanted.max(self.end + 1);
        if wanted > self.buffer.len() {
            self.buffer.resize(wanted, 0);
        }
        &mut self.buffer[self.end..]
    }

    /// So many bytes were put at the beginning of the room.
    pub fn filled(&mut self, count: usize) {
        self.end += count;
        assert!(self.end <= self.buffer.len(), "what came had room");
    }

    /// Goes to the next message; `false` while it has not come whole.
    ///
    /// # Errors
    /// Where the server broke the protocol.
    pub fn advance(&mut self) -> Result<bool, Defect> {
        self.found = None;
        while !self.ended {
            let Some(head) =
                head(&self.buffer[self.at..self.end], self.bytes_max).inspect_err(|_| self.ended = true)?
            else {
                return Ok(false);
            };
            let begin = self.at + head.len;
            if self.end - begin < head.payload_len {
                return Ok(false);
            }
            self.at = begin + head.payload_len;
            self.found = self.take(head, begin..self.at).inspect_err(|_| self.ended = true)?;
            if self.found.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The message that [`Self::advance`] found, `None` where it found none.
    ///
    /// # Errors
    /// Where it is no text and says that it is one, or a close with half of a code.
    pub fn message(&mut self) -> Result<Option<Frame<'_>>, Defect> {
        let Some((opcode, place)) = &self.found else { return Ok(None) };
        let bytes = match place {
            Place::Buffer(range) => &self.buffer[range.clone()],
            Place::Parts => &self.parts,
        };
        let frame = match opcode {
            Opcode::Text => std::str::from_utf8(bytes).map(Frame::Text).map_err(|_| Defect::NotText),
            Opcode::Binary | Opcode::Continuation => Ok(Frame::Binary(bytes)),
            Opcode::Ping => Ok(Frame::Ping(bytes)),
            Opcode::Pong => Ok(Frame::Pong),
            Opcode::Close => close(bytes),
        };
        self.ended |= frame.is_err() || *opcode == Opcode::Close;
        frame.map(Some)
    }

    /// Takes a frame in; says where the message lies that ends with it.
    fn take(&mut self, head: Head, payload: Range<usize>) -> Result<Option<(Opcode, Place)>, Defect> {
        match head.opcode {
            Opcode::Close | Opcode::Ping | Opcode::Pong => Ok(Some((head.opcode, Place::Buffer(payload)))),
            Opcode::Continuation => {
                let begun = self.begun.ok_or(Defect::NothingToContinue)?;
                self.add_part(payload)?;
                if !head.is_final {
                    return Ok(None);
                }
                self.begun = None;
                Ok(Some((begun, Place::Parts)))
            }
            Opcode::Text | Opcode::Binary if self.begun.is_some() => Err(Defect::Interleaved),
            Opcode::Text | Opcode::Binary if head.is_final => Ok(Some((head.opcode, Place::Buffer(payload)))),
            Opcode::Text | Opcode::Binary => {
                self.begun = Some(head.opcode);
                self.parts.clear();
                self.add_part(payload)?;
                Ok(None)
            }
        }
    }

    fn add_part(&mut self, payload: Range<usize>) -> Result<(), Defect> {
        let bytes = self.parts.len() + payload.len();
        if bytes > self.bytes_max {
            return Err(Defect::TooLong { bytes: bytes as u64 });
        }
        self.parts.extend_from_slice(&self.buffer[payload]);
        Ok(())
    }
}

/// The head at the start of the bytes; `None` while it has not come whole.
#[inline]
fn head(bytes: &[u8], bytes_max: usize) -> Result<Option<Head>, Defect> {
    let Some(([first, second], rest)) = bytes.split_first_chunk() else { return Ok(None) };
    let opcode = match first & OPCODE {
        0 => Opcode::Continuation,
        1 => Opcode::Text,
        2 => Opcode::Binary,
        8 => Opcode::Close,
        9 => Opcode::Ping,
        10 => Opcode::Pong,
        other => return Err(Defect::UnknownOpcode(other)),
    };
    if first & RESERVED != 0 {
        return Err(Defect::ReservedBits);
    }
    if second & MASKED != 0 {
        return Err(Defect::Masked);
    }
    let is_final = first & FINAL != 0;
    let (payload_len, len) = match second {
        126 => match rest.first_chunk() {
            Some(length) => (u64::from(u16::from_be_bytes(*length)), 4),
            None => return Ok(None),
        },
        127 => match rest.first_chunk() {
            Some(length) => (u64::from_be_bytes(*length), 10),
            None => return Ok(None),
        },
        length => (u64::from(*length), 2),
    };
    let too_long = Defect::TooLong { bytes: payload_len };
    let payload_len = usize::try_from(payload_len).map_err(|_| too_long)?;
    match opcode {
        Opcode::Close | Opcode::Ping | Opcode::Pong if !is_final => return Err(Defect::FragmentedControl),
        Opcode::Close | Opcode::Ping | Opcode::Pong if payload_len > CONTROL_BYTES_MAX => {
            return Err(Defect::LongControl);
        }
        _ if payload_len > bytes_max => return Err(too_long),
        _ => {}
    }
    Ok(Some(Head { opcode, is_final, len, payload_len }))
}

fn close(payload: &[u8]) -> Result<Frame<'_>, Defect> {
    match payload {
        [] => Ok(Frame::Close(None)),
        [_] => Err(Defect::HalfCode),
        [high, low, reason @ ..] => {
            let reason = std::str::from_utf8(reason).map_err(|_| Defect::NotText)?;
            Ok(Frame::Close(Some((u16::from_be_bytes([*high, *low]), reason))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES_MAX: usize = 300;

    /// What comes of bytes that arrive so many at a time.
    fn read(bytes: &[u8], step: usize) -> (Vec<String>, Option<Defect>) {
        let mut reader = Reader::new(BYTES_MAX);
        let mut messages = Vec::new();
        for part in bytes.chunks(step) {
            reader.room()[..part.len()].copy_from_slice(part);
            reader.filled(part.len());
            loop {
                match reader.advance().and_then(|found| if found { reader.message() } else { Ok(None) }) {
                    Ok(Some(frame)) => messages.push(format!("{frame:?}")),
                    Ok(None) => break,
                    Err(defect) => {
                        assert_eq!(reader.advance(), Ok(false), "a defect is the end");
                        return (messages, Some(defect));
                    }
                }
            }
        }
        (messages, None)
    }

    fn check(bytes: &[u8], expected: &[Frame<'_>], defect: Option<Defect>) {
        let expected: Vec<String> = expected.iter().map(|frame| format!("{frame:?}")).collect();
        for step in [1, 2, 3, 7, 1_000] {
            assert_eq!(read(bytes, step), (expected.clone(), defect), "{} by {step}", bytes.escape_ascii());
        }
    }

    /// Frames by hand, the first of them from section 5.7.
    #[test]
    fn whole_messages_and_parts_are_read() {
        check(b"\x81\x05Hello", &[Frame::Text("Hello")], None);
        check(b"\x01\x03Hel\x80\x02lo\x82\x01\xFF", &[Frame::Text("Hello"), Frame::Binary(b"\xFF")], None);
        check(b"\x89\x05Hello\x8A\x00", &[Frame::Ping(b"Hello"), Frame::Pong], None);
        // A control frame may come between parts, and a letter may be cut in two.
        let cut = b"\x01\x01\xC3\x89\x01x\x00\x00\x80\x01\xA9\x82\x00";
        check(cut, &[Frame::Ping(b"x"), Frame::Text("\u{e9}"), Frame::Binary(b"")], None);
        let long = [&[0x82, 126, 1, 0][..], &[7; 256]].concat();
        check(&long, &[Frame::Binary(&[7; 256])], None);
        let longer = [&[0x82, 127, 0, 0, 0, 0, 0, 0, 1, 44][..], &[7; 300]].concat();
        check(&longer, &[Frame::Binary(&[7; 300])], None);
    }

    #[test]
    fn a_close_is_the_last_frame() {
        check(b"\x88\x00\x81\x01x", &[Frame::Close(None)], None);
        check(b"\x88\x05\x03\xE8bye\x81\x01x", &[Frame::Close(Some((1_000, "bye")))], None);
        check(b"\x88\x01\x03", &[], Some(Defect::HalfCode));
        check(b"\x88\x03\x03\xE8\xFF", &[], Some(Defect::NotText));
    }

    #[test]
    fn what_breaks_the_protocol_ends_the_connection() {
        let before = Frame::Text("x");
        for (bytes, defect) in [
            (&b"\xC1\x00"[..], Defect::ReservedBits),
            (b"\x91\x00", Defect::ReservedBits),
            (b"\x83\x00", Defect::UnknownOpcode(3)),
            (b"\x8B\x00", Defect::UnknownOpcode(11)),
            (b"\x81\x81\x00\x00\x00\x00x", Defect::Masked),
            (b"\x09\x00", Defect::FragmentedControl),
            (b"\x89\x7E\x00\x7E", Defect::LongControl),
            (b"\x80\x00", Defect::NothingToContinue),
            (b"\x01\x00\x81\x00", Defect::Interleaved),
            (b"\x81\x01\xFF", Defect::NotText),
            (b"\x82\x7E\x01\x2D", Defect::TooLong { bytes: 301 }),
            (b"\x82\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", Defect::TooLong { bytes: u64::MAX }),
        ] {
            check(&[b"\x81\x01x", bytes].concat(), &[before], Some(defect));
        }
        let parts = [&[0x02, 126, 0, 200][..], &[7; 200], &[0x80, 101], &[7; 101]].concat();
        check(&parts, &[], Some(Defect::TooLong { bytes: 301 }));
    }
}
