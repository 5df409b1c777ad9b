//! Rules for Rust files.

use super::File;
use super::source::{self, Line};

/// Lines of a file, tests apart.
const FILE_LINES_MAX: usize = 600;
/// Lines of a function, from its first to its last.
const FUNCTION_LINES_MAX: usize = 70;

/// Files that may be longer, each with its reason.
const LONGER_FILES: &[(&str, &str)] = &[];
/// Functions that may be longer, each with its reason.
const LONGER_FUNCTIONS: &[(&str, &str, &str)] = &[];

/// Macros that do not belong in what is kept.
const LEFTOVER_MACROS: [&str; 3] = ["dbg!", "todo!", "unimplemented!"];

pub(super) fn check(file: &File, breaches: &mut Vec<String>) {
    let mut report = |line: usize, what: &str| breaches.push(format!("{}:{line}: {what}", file.path));
    if !file.text.starts_with("//!") {
        report(1, "a file opens with `//!`: what it owns, what it must never do");
    }
    let lines = source::lines(&file.text);
    let is_test = is_test_file(&file.path);
    let product = if is_test { 0 } else { test_module(&file.text).unwrap_or(lines.len()) };
    if product > FILE_LINES_MAX && !LONGER_FILES.iter().any(|(path, _)| *path == file.path) {
        report(FILE_LINES_MAX, &format!("{product} lines; the limit is {FILE_LINES_MAX}, tests apart"));
    }
    for (index, (line, text)) in lines.iter().zip(file.text.lines()).enumerate() {
        if index < product && !text.is_ascii() {
            report(index + 1, "a character that is not ASCII");
        }
        check_line(line, |what| report(index + 1, what));
    }
    for (start, name, length) in functions(&lines[..product]) {
        let excepted = LONGER_FUNCTIONS.iter().any(|(path, function, _)| *path == file.path && *function == name);
        if length > FUNCTION_LINES_MAX && !excepted {
            report(start + 1, &format!("fn {name} has {length} lines; the limit is {FUNCTION_LINES_MAX}"));
        }
    }
}

fn is_test_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path.split('/').rev().skip(1).any(|folder| folder == "tests")
        || name == "tests.rs"
        || name.ends_with("_tests.rs")
}

/// The line at which the module of tests begins.
fn test_module(text: &str) -> Option<usize> {
    let mut lines = text.lines().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let opens = |next: &str| next.starts_with("mod ") && next.ends_with('{');
        if line == "#[cfg(test)]" && lines.peek().is_some_and(|(_, next)| opens(next)) {
            return Some(index);
        }
    }
    None
}

fn check_line(line: &Line, mut report: impl FnMut(&str)) {
    for leftover in LEFTOVER_MACROS {
        if line.code.contains(leftover) {
            report(&format!("{leftover} is for the desk, not for the shelf"));
        }
    }
    if line.code.contains("#[ignore") {
        report("a test that does not run is no test");
    }
    for marker in [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")] {
        if line.comment.contains(marker) {
            report(&format!("{marker}: what is missing stands in an issue, not in the code"));
        }
    }
    let comment = line.comment.trim();
    let is_code = comment.ends_with(';') || comment.ends_with('{') || comment == "}";
    if is_code {
        report("commented-out code");
    }
    let is_banner = comment.len() > 3 && comment.chars().all(|character| "-=*#~/".contains(character));
    if is_banner {
        report("a banner");
    }
}

/// Every function with a body: the line it starts on, its name, and how many lines it takes.
fn functions(lines: &[Line]) -> Vec<(usize, String, usize)> {
    let mut functions = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(&line.code) else { continue };
        if let Some(end) = body_end(lines, start) {
            functions.push((start, name, end + 1 - start));
        }
    }
    functions
}

fn function_name(code: &str) -> Option<String> {
    let mut words = code.split_whitespace();
    let qualifiers = ["pub", "async", "const", "unsafe", "extern", "default"];
    let word = words.find(|word| !qualifiers.contains(word) && !word.starts_with("pub("))?;
    (word == "fn").then(|| words.next().unwrap_or_default())?.split(['(', '<']).next().map(str::to_owned)
}

/// The line of the brace that closes the first one opened from here; nothing where a `;` comes first.
fn body_end(lines: &[Line], start: usize) -> Option<usize> {
    let (mut depth, mut brackets) = (0_usize, 0_usize);
    for (index, line) in lines.iter().enumerate().skip(start) {
        for character in line.code.chars() {
            match character {
                '(' | '[' => brackets += 1,
                ')' | ']' => brackets = brackets.saturating_sub(1),
                ';' if depth == 0 && brackets == 0 => return None,
                '{' => depth += 1,
                '}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Some(index);
                    }
                }
                _ => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(text: &str, expected: &[&str]) {
        let mut breaches = Vec::new();
        check(&File { path: "engine/src/a.rs".to_owned(), text: text.to_owned() }, &mut breaches);
        assert_eq!(breaches, expected, "{text}");
    }

    #[test]
    fn clean_files_pass() {
        check_text("//! Owns a.\n\nfn a() {\n    // Because of b.\n    b(\"TODO\");\n}\n", &[]);
    }

    #[test]
    fn what_the_rules_forbid_is_found() {
        check_text(
            "fn a() {}\n",
            &["engine/src/a.rs:1: a file opens with `//!`: what it owns, what it must never do"],
        );
        check_text(
            "//! A.\nfn a() {\n    dbg!(1);\n    // let b = 1;\n    // ======\n}\n",
            &[
                "engine/src/a.rs:3: dbg! is for the desk, not for the shelf",
                "engine/src/a.rs:4: commented-out code",
                "engine/src/a.rs:5: a banner",
            ],
        );
        let long = format!("//! A.\npub(crate) fn a() {{\n{}}}\n", "    b();\n".repeat(69));
        check_text(&long, &["engine/src/a.rs:2: fn a has 71 lines; the limit is 70"]);
        let tests =
            format!("//! A.\n#[cfg(test)]\nmod tests {{\n    fn a() {{\n{}    }}\n}}\n", "b();\n".repeat(700));
        check_text(&tests, &[]);
    }
}
