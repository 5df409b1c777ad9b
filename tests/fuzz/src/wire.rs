//! WebSocket frames (RFC 6455) as a rude client writes them and as a strict one reads them.
//!
//! Owns the byte layout alone. Never shares code with the product, whose frames it judges.

/// The opening request that a client sends; the key is the RFC's own example.
pub(crate) fn opening(path: &str, headers: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    )
}

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// A whole masked frame, as clients must send them.
pub(crate) fn frame(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x80 | opcode);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(len @ 0..=125), _) => out.push(0x80 | len),
        (_, Ok(len)) => {
            out.push(0x80 | 126);
            out.extend_from_slice(&len.to_be_bytes());
        }
        (_, Err(_)) => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    out.extend_from_slice(&mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// Writes what an input says a client sends: lines, each with a letter for its kind.
///
/// `T` text, `B` binary, `P` ping, `O` pong, `C` close, `R` raw bytes instead of a frame, `F` a text in
/// two fragments; anything else is a text as it stands.
pub(crate) fn client_bytes(lines: &[u8], out: &mut Vec<u8>) {
    for line in lines.split(|byte| *byte == b'\n') {
        match line.split_first() {
            Some((b'T', text)) => frame(TEXT, text, out),
            Some((b'B', bytes)) => frame(BINARY, bytes, out),
            Some((b'P', bytes)) => frame(PING, bytes, out),
            Some((b'O', bytes)) => frame(PONG, bytes, out),
            Some((b'C', bytes)) => frame(CLOSE, bytes, out),
            Some((b'R', bytes)) => out.extend_from_slice(bytes),
            Some((b'F', text)) => {
                let (first, rest) = text.split_at(text.len() / 2);
                let start = out.len();
                frame(TEXT, first, out);
                out[start] &= 0x7f;
                frame(0, rest, out);
            }
            Some(_) | None => frame(TEXT, line, out),
        }
    }
}

/// A frame that a server sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerFrame<'a> {
    pub(crate) opcode: u8,
    pub(crate) payload: &'a [u8],
}

/// Splits what a server sent after the head of its answer.
///
/// # Panics
/// When a frame is masked, fragmented, of an unknown kind, or a control frame too long: what RFC 6455
/// forbids servers, or ours never do. The last frame may be cut short.
pub(crate) fn server_frames(mut bytes: &[u8]) -> Vec<ServerFrame<'_>> {
    let mut frames = Vec::new();
    while let Some(([first, second], rest)) = bytes.split_first_chunk() {
        assert_eq!(first & 0x70, 0, "a reserved bit is set");
        assert_eq!(first & 0x80, 0x80, "a message in fragments");
        assert_eq!(second & 0x80, 0, "a server's frame is masked");
        let opcode = first & 0x0f;
        assert!([TEXT, BINARY, CLOSE, PING, PONG].contains(&opcode), "an unknown opcode {opcode}");
        let short = usize::from(second & 0x7f);
        let (len, rest) = match short {
            126 => match rest.split_first_chunk::<2>() {
                Some((len, rest)) => (usize::from(u16::from_be_bytes(*len)), rest),
                None => break,
            },
            127 => match rest.split_first_chunk::<8>() {
                Some((len, rest)) => (usize::try_from(u64::from_be_bytes(*len)).unwrap_or(usize::MAX), rest),
                None => break,
            },
            len => (len, rest),
        };
        assert!(opcode < CLOSE || short <= 125, "a control frame of {len} bytes");
        let Some((payload, rest)) = rest.split_at_checked(len) else { break };
        if opcode == TEXT {
            assert!(std::str::from_utf8(payload).is_ok(), "a text frame that is no text");
        }
        frames.push(ServerFrame { opcode, payload });
        bytes = rest;
    }
    frames
}

/// What follows the head of an HTTP answer, and its status.
pub(crate) fn answer(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, rest) = bytes.split_at(end + 4);
    let status = head.strip_prefix(b"HTTP/1.1 ").or_else(|| head.strip_prefix(b"HTTP/1.0 "))?.get(..3)?;
    Some((std::str::from_utf8(status).ok()?.parse().ok()?, head, rest))
}
