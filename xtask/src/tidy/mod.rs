//! The style rules that need no compiler: how files open, how long they and their functions are,
//! what comments may hold, and which words do not belong here.

mod rust;
mod source;
mod web;
mod words;

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};

/// Folders that are made, not written.
const SKIPPED: [&str; 8] =
    ["target", "node_modules", "dist", "dist-mocks", ".git", "data", "test-results", "coverage"];

/// A file of the repository: its path from the root, with forward slashes, and its text.
struct File {
    path: String,
    text: String,
}

pub(crate) fn check(root: &Path) -> Result<()> {
    let mut paths = Vec::new();
    collect(root, &mut paths)?;
    paths.sort();
    let mut breaches = Vec::new();
    let mut checked = 0;
    for path in paths {
        let Some(file) = read(root, &path)? else { continue };
        checked += 1;
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => rust::check(&file, &mut breaches),
            Some("ts" | "tsx") => web::check(&file, &mut breaches),
            Some(_) | None => {}
        }
        words::check(&file, &mut breaches);
    }
    for breach in &breaches {
        eprintln!("tidy: {breach}");
    }
    ensure!(checked > 0, "no file was found to check");
    ensure!(breaches.is_empty(), "{} breaches of the style rules", breaches.len());
    eprintln!("tidy: {checked} files are as the rules say");
    Ok(())
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    let entries = folder.read_dir().with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            if !SKIPPED.iter().any(|skipped| name == *skipped) {
                collect(&entry.path(), paths)?;
            }
        } else {
            paths.push(entry.path());
        }
    }
    Ok(())
}

/// A text file that people write, or nothing.
fn read(root: &Path, path: &Path) -> Result<Option<File>> {
    let written = ["rs", "ts", "tsx", "css", "md", "toml", "mjs", "js", "html", "json", "yml", "yaml", "sh"];
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let is_named = ["Makefile", "run"].iter().any(|name| path.ends_with(name));
    if !(written.contains(&extension) || is_named) {
        return Ok(None);
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let path = path.strip_prefix(root).context("a path lies under the root")?;
    Ok(Some(File { path: path.to_string_lossy().replace('\\', "/"), text }))
}
