//! Scenarios as they stand in files: titles, statements and what each must lead to.
//!
//! Owns where a scenario begins and ends, and how a line that does not hold is told. It knows no
//! statement.

use crate::language::{self, Statement};
use crate::world::{Setting, World};
use std::any::Any;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// One scenario of a file.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it is called: its file's name and its title.
    pub name: String,
    file: String,
    setting: Setting,
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    number: usize,
    text: String,
    statement: Statement,
    expected: String,
}

/// Every scenario of the files of a folder, in the order of file names and lines.
///
/// # Errors
/// What does not read, as `file:line: why`.
pub fn read_folder(folder: &Path) -> Result<Vec<Scenario>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "scenario"));
    paths.sort();
    let mut scenarios: Vec<Scenario> = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        scenarios.extend(parse(&file, &text)?);
    }
    let mut names: Vec<&str> = scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("two scenarios are called {}", pair[0])),
        None => Ok(scenarios),
    }
}

fn parse(file: &str, text: &str) -> Result<Vec<Scenario>, String> {
    let theme = file.strip_suffix(".scenario").unwrap_or(file);
    let mut scenarios: Vec<Scenario> = Vec::new();
    let mut is_within = false;
    for (number, line) in (1..).zip(text.lines()) {
        let at = |why: String| format!("{file}:{number}: {why}");
        let code = line.split("//").next().unwrap_or_default().trim();
        if let Some(title) = line.strip_prefix("# ") {
            let name = format!("{theme}::{}", title.trim());
            scenarios.push(Scenario { name, file: file.into(), setting: Setting::default(), lines: Vec::new() });
            is_within = true;
        } else if code.is_empty() {
            is_within = is_within && !line.trim().is_empty();
        } else {
            let scenario = scenarios.last_mut().filter(|_| is_within);
            let scenario = scenario.ok_or_else(|| at("a statement outside a scenario".into()))?;
            scenario.add(number, code).map_err(at)?;
        }
    }
    match scenarios.iter().find(|scenario| scenario.lines.is_empty()) {
        Some(empty) => Err(format!("{file}: nothing stands in `{}`", empty.name)),
        None => Ok(scenarios),
    }
}

impl Scenario {
    fn add(&mut self, number: usize, code: &str) -> Result<(), String> {
        if self.lines.is_empty() && language::header(code, &mut self.setting)? {
            return Ok(());
        }
        let (statement, expected) = code.split_once("=>").unwrap_or((code, ""));
        let expected: Vec<&str> = expected.split(';').map(str::trim).collect();
        self.lines.push(Line {
            number,
            text: code.into(),
            statement: language::parse(statement)?,
            expected: expected.join("; "),
        });
        Ok(())
    }

    /// Runs it.
    ///
    /// # Errors
    /// The first line that does not hold, with what happened instead.
    pub fn run(&self) -> Result<(), String> {
        let mut world = World::begin(self.setting);
        for line in &self.lines {
            let told = |what: String| format!("{}:{}: `{}`\n{what}", self.file, line.number, line.text);
            let run = || {
                let actual = world.run(&line.statement).join("; ");
                world.check();
                actual
            };
            let actual = catch_unwind(AssertUnwindSafe(run)).map_err(|panic| told(panic_text(&*panic)))?;
            if actual != line.expected {
                return Err(told(format!("  expected: {}\n  actual:   {actual}", line.expected)));
            }
        }
        Ok(())
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    format!("  panicked: {}", text.unwrap_or("without words"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<usize, &str>) {
        let read = parse("x.scenario", text).map(|scenarios| scenarios.len());
        assert_eq!(read, expected.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn a_file_is_scenarios_with_titles() {
        check(
            "// Of prices.\n\n# 1 one\nflush\n\n# 2 two // of two\nxnys\nflush // a remark\n// another\nflush",
            Ok(2),
        );
        check("flush", Err("x.scenario:1: a statement outside a scenario"));
        check("# 1 one\nflush\n\nflush", Err("x.scenario:4: a statement outside a scenario"));
        check("# 1 one\n\n# 2 two\nflush", Err("x.scenario: nothing stands in `x::1 one`"));
        check("# 1 one\nflsh", Err("x.scenario:2: no statement `flsh`"));
        check("# 1 one\nshow m on", Err("x.scenario:2: no field `on`"));
        check("# 1 one\nflush now", Err("x.scenario:2: `now` is one word too many"));
        check("# 1 one\nbuy A AAPL limit", Err("x.scenario:2: a word is missing: a price"));
        check("# 1 one\nbuy A AAPL limit ten 1", Err("x.scenario:2: `ten` is not a price"));
    }

    fn check_run(text: &str, expected: Result<(), &str>) {
        let scenarios = parse("x.scenario", text).expect("a scenario");
        assert_eq!(scenarios[0].run(), expected.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn a_line_that_does_not_hold_is_told_with_its_place() {
        check_run("# 1 one\nbuy A AAPL market 1 as m\nshow m => 1 open", Ok(()));
        let missed =
            "x.scenario:3: `buy A AAPL market 1 => fill 1@10 taker`\n  expected: fill 1@10 taker\n  actual:   ";
        check_run("# 1 one\nxnys\nbuy A AAPL market 1 => fill 1@10 taker", Err(missed));
        let late = "x.scenario:2: `show m`\n  panicked: no order is called m";
        check_run("# 1 one\nshow m", Err(late));
    }
}
