//! Planted bugs: `cargo xtask planted` puts deliberate mistakes into a copy of the sources, one at a
//! time, and asks the proofs to find each.
//!
//! The product holds no hook: a defect is a file in `tests/planted`, a piece of text to find once and
//! what a careless engineer would have left in its place. All are put into one copy at once, each behind
//! a number that `PAPERTAPE_PLANTED` names, so that one build serves all. Fails closed: a text that does
//! not stand exactly once, a proof that fails without a defect, and a defect that nobody finds are errors.

mod defect;
mod proof;

use anyhow::{Context, Result, bail, ensure};
use defect::Defect;
use proof::{Built, Outcome};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the copy lies.
const FOLDER: &str = "target/planted";
/// What the copy has and the sources have not: which defect is on.
const SWITCH: &str = "//! Which planted defect is on.\n\nextern crate std;\n\n\
    /// Whether the defect of this number is on.\n#[must_use]\npub fn on(number: u32) -> bool {\n    \
    static ACTIVE: std::sync::OnceLock<u32> = std::sync::OnceLock::new();\n    \
    let read = || std::env::var(\"PAPERTAPE_PLANTED\").ok().and_then(|text| text.parse().ok()).unwrap_or(0);\n    \
    *ACTIVE.get_or_init(read) == number\n}\n";

/// What the command was asked.
#[derive(Debug, Default, PartialEq, Eq)]
struct Request {
    only: Vec<u32>,
    check_alone: bool,
}

pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<()> {
    let request = parse(arguments)?;
    let defects = defect::read(root)?;
    let edits = defect::apply(root, &defects)?;
    eprintln!("planted: {} defects in {} files, each where it belongs", defects.len(), edits.len());
    if request.check_alone {
        return Ok(());
    }
    let copy = root.join(FOLDER).join("source");
    mirror(root, &copy, &edits)?;
    let built = proof::build(root, &copy)?;
    print_line(["no.", "defect", "found by", "what was seen", "after"]);
    control(&built)?;
    let wanted = |defect: &&Defect| request.only.is_empty() || request.only.contains(&defect.number);
    let mut survivors = Vec::new();
    for defect in defects.iter().filter(wanted) {
        if !hunt(defect, &built)? {
            survivors.push(defect.number.to_string());
        }
    }
    ensure!(survivors.is_empty(), "nobody found {}", survivors.join(", "));
    Ok(())
}

/// That every text of `tests/planted` stands where it should, exactly once: quick enough for every run.
pub(crate) fn check(root: &Path) -> Result<()> {
    run(root, &["--check"])
}

fn parse(arguments: &[&str]) -> Result<Request> {
    let mut request = Request::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match *argument {
            "--check" => request.check_alone = true,
            "--only" => {
                let list = rest.next().context("--only takes numbers, by commas")?;
                let numbers = list.split(',').map(|text| text.trim().parse());
                request.only =
                    numbers.collect::<Result<_, _>>().with_context(|| format!("{list} are no numbers"))?;
            }
            other => bail!("{other} is not understood; there are --check and --only NUMBERS"),
        }
    }
    Ok(request)
}

/// Without a defect everything passes: otherwise what is found says nothing.
fn control(built: &[Built]) -> Result<()> {
    let mut total = Duration::ZERO;
    for proof in built {
        let run = proof.run(0)?;
        total += run.took;
        match run.outcome {
            Outcome::Passed => {}
            Outcome::Failed(seen) => bail!("{} fails without a defect: {seen}", proof.name()),
            Outcome::Unfinished => bail!("{} does not end without a defect", proof.name()),
        }
    }
    print_line(["0", "none", "nobody", "everything passes", &seconds(total)]);
    Ok(())
}

/// Asks the proofs in turn, the cheapest first; `false` when none finds it.
fn hunt(defect: &Defect, built: &[Built]) -> Result<bool> {
    let mut spent = Duration::ZERO;
    let (near, far): (Vec<&Built>, Vec<&Built>) =
        built.iter().partition(|proof| defect.is_seen_best_by(proof.name()));
    for proof in near.into_iter().chain(far) {
        if proof.is_simulation() && defect.is_beyond_simulation() {
            continue;
        }
        let run = proof.run(defect.number)?;
        spent += run.took;
        let seen = match run.outcome {
            Outcome::Passed => continue,
            Outcome::Unfinished => "it does not end".to_owned(),
            Outcome::Failed(seen) => seen,
        };
        print_line([&defect.number.to_string(), &defect.name, proof.name(), &seen, &seconds(spent)]);
        return Ok(true);
    }
    print_line([&defect.number.to_string(), &defect.name, "NOBODY", "it survived", &seconds(spent)]);
    Ok(false)
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[expect(clippy::print_stdout, reason = "the table is the command's result")]
fn print_line(cells: [&str; 5]) {
    let [number, defect, proof, seen, after] = cells;
    println!("{number:>3}  {defect:<58}  {proof:<22}  {after:>8}  {seen}");
}

/// Makes the copy: the sources with every defect in them. Files that stand as they should are left
/// alone, so that the build knows what changed.
fn mirror(root: &Path, copy: &Path, edits: &defect::Edits) -> Result<()> {
    let mut kept = Vec::new();
    for path in sources(root)? {
        let text = match edits.get(&path) {
            Some(edited) => edited.clone().into_bytes(),
            None => fs::read(root.join(&path)).with_context(|| format!("cannot read {}", path.display()))?,
        };
        put(&copy.join(&path), &text)?;
        kept.push(path);
    }
    put(&copy.join("crates/model/src/planted.rs"), SWITCH.as_bytes())?;
    kept.push("crates/model/src/planted.rs".into());
    for path in sources(copy)? {
        if !kept.contains(&path) {
            fs::remove_file(copy.join(&path))?;
        }
    }
    Ok(())
}

/// Writes a file unless it stands so already.
fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|standing| standing == bytes) {
        return Ok(());
    }
    let folder = path.parent().context("a file lies in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Everything that a build reads, as paths from the root.
fn sources(root: &Path) -> Result<Vec<PathBuf>> {
    const SKIPPED: [&str; 6] = ["target", ".git", "node_modules", "data", "papertape-data", "test-results"];
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let absolute = root.join(&folder);
        let entries = absolute.read_dir().with_context(|| format!("cannot list {}", absolute.display()))?;
        for entry in entries {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if !entry.file_type()?.is_dir() {
                found.push(path);
            } else if !SKIPPED.iter().any(|skipped| entry.file_name() == *skipped) {
                folders.push(path);
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_can_be_named() {
        let request = parse(&["--only", "3, 17"]).expect("a request");
        assert_eq!(request, Request { only: vec![3, 17], check_alone: false });
        assert!(parse(&["--only", "three"]).is_err());
        assert!(parse(&["--all"]).is_err());
    }

    #[test]
    fn every_defect_stands_where_it_belongs() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
        check(root).expect("each text stands once");
    }
}
