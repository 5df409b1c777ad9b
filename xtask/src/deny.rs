//! What comes into the house from outside: cargo-deny with `deny.toml`, which itself uses no network.

use crate::{cargo, run};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

pub(crate) fn check(root: &Path) -> Result<()> {
    let version = cargo(root, &["deny", "--version"]).output();
    if !version.is_ok_and(|output| output.status.success()) {
        bail!(
            "cargo-deny is not installed; `cargo install --locked --debug cargo-deny` or `make tools` brings it"
        );
    }
    // The check reads every crate's licence, also of crates that only other platforms compile.
    run(cargo(root, &["fetch", "--locked", "--quiet"]))?;
    let mut checks = vec!["deny", "--offline", "--locked", "check", "--hide-inclusion-graph"];
    checks.extend(["bans", "licenses", "sources"]);
    if advisories_at_hand() {
        checks.push("advisories");
    } else {
        eprintln!("deny: ADVISORIES NOT CHECKED: this machine has no advisory database and fetches none here");
    }
    run(cargo(root, &checks))
}

/// Whether cargo-deny has fetched an advisory database to where it keeps them.
fn advisories_at_hand() -> bool {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let databases = home.map(|home| home.join("advisory-dbs"));
    databases.and_then(|folder| folder.read_dir().ok()).is_some_and(|mut entries| entries.next().is_some())
}
