//! Rust source taken apart far enough to count braces: code, comments and texts by line.

/// One line of a source file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// The code, with comments and the inside of texts blanked.
    pub(super) code: String,
    /// The text of plain comments, without documentation.
    pub(super) comment: String,
}

#[derive(Clone, Copy)]
enum State {
    Code,
    LineComment { is_doc: bool },
    BlockComment { depth: usize },
    Text,
    RawText { hashes: usize },
}

/// Takes a file apart.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let characters: Vec<char> = text.chars().collect();
    let mut lines = vec![Line::default()];
    let mut state = State::Code;
    let mut index = 0;
    while index < characters.len() {
        let character = characters[index];
        if character == '\n' {
            if let State::LineComment { .. } = state {
                state = State::Code;
            }
            lines.push(Line::default());
            index += 1;
            continue;
        }
        let line = lines.last_mut().expect("there is always a last line");
        let rest = &characters[index..];
        let (next, taken) = match state {
            State::Code => in_code(rest, line),
            State::LineComment { is_doc } => {
                if !is_doc {
                    line.comment.push(character);
                }
                (state, 1)
            }
            State::BlockComment { depth } => in_block_comment(rest, depth),
            State::Text => match character {
                '\\' if rest.get(1) != Some(&'\n') => (State::Text, 2),
                '"' => (State::Code, 1),
                _ => (State::Text, 1),
            },
            State::RawText { hashes } => {
                let ends = character == '"'
                    && rest[1..].iter().take(hashes).filter(|next| **next == '#').count() == hashes;
                if ends { (State::Code, 1 + hashes) } else { (state, 1) }
            }
        };
        state = next;
        index += taken;
    }
    lines
}

fn in_code(rest: &[char], line: &mut Line) -> (State, usize) {
    let starts = |text: &str| text.chars().enumerate().all(|(index, wanted)| rest.get(index) == Some(&wanted));
    if starts("//") {
        let is_doc = (starts("///") && !starts("////")) || starts("//!");
        return (State::LineComment { is_doc }, 2);
    }
    if starts("/*") {
        return (State::BlockComment { depth: 1 }, 2);
    }
    if starts("\"") {
        return (State::Text, 1);
    }
    let after_word = line.code.chars().last().is_some_and(|last| last.is_alphanumeric() || last == '_');
    if rest[0] == 'r' && (!after_word || line.code.ends_with('b')) {
        let hashes = rest[1..].iter().take_while(|next| **next == '#').count();
        if rest.get(1 + hashes) == Some(&'"') {
            return (State::RawText { hashes }, 2 + hashes);
        }
    }
    if let Some(length) = character_literal(rest) {
        return (State::Code, length);
    }
    line.code.push(rest[0]);
    (State::Code, 1)
}

/// The length of a character literal that starts here; a lifetime is none.
fn character_literal(rest: &[char]) -> Option<usize> {
    match rest {
        ['\'', '\\', ..] => rest.iter().skip(3).position(|next| *next == '\'').map(|place| place + 4),
        ['\'', _, '\'', ..] => Some(3),
        _ => None,
    }
}

fn in_block_comment(rest: &[char], depth: usize) -> (State, usize) {
    match rest {
        ['*', '/', ..] if depth == 1 => (State::Code, 2),
        ['*', '/', ..] => (State::BlockComment { depth: depth - 1 }, 2),
        ['/', '*', ..] => (State::BlockComment { depth: depth + 1 }, 2),
        _ => (State::BlockComment { depth }, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_comments_and_characters_hold_no_code() {
        let text = "let a = \"{ // \\\" \"; // why {\n/// doc }\nlet b = ['{', '\\'', r#\"}\"#]; /* { /* } */ */ fn x<'a>() {}";
        let lines = lines(text);
        assert_eq!(lines[0].code.trim(), "let a = ;");
        assert_eq!(lines[0].comment.trim(), "why {");
        assert_eq!((lines[1].code.as_str(), lines[1].comment.as_str()), ("", ""));
        assert_eq!(lines[2].code.trim(), "let b = [, , ];  fn x<'a>() {}");
    }
}
