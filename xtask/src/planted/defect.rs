//! Deliberate mistakes: what is to be found once in a file, and what takes its place.
//!
//! Owns the form of the files in `tests/planted` and the edits they make. Never guesses: a text that
//! stands twice or nowhere is an error that names the defect.

use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Edited files by their path from the root.
pub(super) type Edits = BTreeMap<PathBuf, String>;

/// Where the defects lie.
const FOLDER: &str = "tests/planted";
/// The file through which the switch becomes part of every crate.
const SWITCH_FILE: &str = "crates/model/src/lib.rs";
/// Fewest defects that say something about the proofs.
const LEAST: usize = 30;

/// One mistake.
#[derive(Debug)]
pub(super) struct Defect {
    /// From 1, without gaps: what turns it on.
    pub(super) number: u32,
    /// In a few words.
    pub(super) name: String,
    /// Where.
    file: PathBuf,
    find: String,
    replace: String,
    /// The proof that is asked first.
    best: Option<String>,
    /// Why the simulation cannot see it, where that is so.
    beyond_simulation: Option<String>,
}

impl Defect {
    pub(super) fn is_seen_best_by(&self, proof: &str) -> bool {
        self.best.as_deref() == Some(proof)
    }

    pub(super) fn is_beyond_simulation(&self) -> bool {
        self.beyond_simulation.is_some()
    }
}

/// Every defect, by number.
pub(super) fn read(root: &Path) -> Result<Vec<Defect>> {
    let folder = root.join(FOLDER);
    let mut defects = Vec::new();
    for entry in folder.read_dir().with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            defects.push(parse(&text).with_context(|| format!("{} is no defect", path.display()))?);
        }
    }
    defects.sort_unstable_by_key(|defect| defect.number);
    for (defect, number) in defects.iter().zip(1..) {
        ensure!(defect.number == number, "defects are numbered from 1 without gaps; {number} is missing");
    }
    ensure!(defects.len() >= LEAST, "{} defects are too few to say anything", defects.len());
    Ok(defects)
}

fn parse(text: &str) -> Result<Defect> {
    let table: toml::Table = text.parse()?;
    let text = |key: &str| -> Result<String> {
        let value = table.get(key).and_then(toml::Value::as_str);
        Ok(value.with_context(|| format!("`{key}` is missing"))?.to_owned())
    };
    let optional = |key: &str| table.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    let number = table.get("number").and_then(toml::Value::as_integer).context("`number` is missing")?;
    let defect = Defect {
        number: u32::try_from(number).context("`number` is no number of a defect")?,
        name: text("name")?,
        file: text("file")?.into(),
        find: text("find")?,
        replace: text("replace")?,
        best: optional("best"),
        beyond_simulation: optional("beyond_simulation"),
    };
    ensure!(!text("mistake")?.is_empty(), "`mistake` says what went wrong in the engineer's head");
    ensure!(
        defect.replace.contains(&format!("planted::on({number})")),
        "the replacement does not ask whether {number} is on"
    );
    Ok(defect)
}

/// The files with all defects in them, and the switch.
pub(super) fn apply(root: &Path, defects: &[Defect]) -> Result<Edits> {
    let mut edits = Edits::new();
    let mut misplaced = Vec::new();
    for defect in defects {
        let text = text_of(root, &mut edits, &defect.file)?;
        match text.matches(&defect.find).count() {
            1 => *text = text.replacen(&defect.find, &defect.replace, 1),
            count => misplaced.push(format!(
                "defect {} ({}): its text stands {count} times in {}",
                defect.number,
                defect.name,
                defect.file.display()
            )),
        }
    }
    ensure!(misplaced.is_empty(), "{}", misplaced.join("\n"));
    let library = text_of(root, &mut edits, Path::new(SWITCH_FILE))?;
    library.push_str("\npub mod planted;\n");
    Ok(edits)
}

fn text_of<'a>(root: &Path, edits: &'a mut Edits, file: &Path) -> Result<&'a mut String> {
    if !edits.contains_key(file) {
        let path = root.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        edits.insert(file.to_owned(), text);
    }
    edits.get_mut(file).context("it was put in just now")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_defect_says_what_went_wrong_and_asks_for_its_switch() {
        let good = "number = 3\nname = 'n'\nmistake = 'm'\nfile = 'f'\nfind = 'a'\nreplace = 'planted::on(3) a'\n";
        assert_eq!(parse(good).expect("a defect").number, 3);
        assert!(parse(&good.replace("on(3)", "on(4)")).is_err());
        assert!(parse(&good.replace("mistake = 'm'\n", "")).is_err());
    }
}
