//! Who may use whom: the table of crate edges, compared with what cargo says the edges are.
//!
//! A new crate, a new edge, or an outside crate in a pure room fails until the table is changed,
//! which is then a line of its own in a diff.

use crate::cargo;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::path::Path;

/// What a crate may use from outside the repository.
enum Outside {
    /// Nothing but these.
    Only(&'static [&'static str]),
    /// What it needs.
    Anything,
}

struct Room {
    name: &'static str,
    uses: &'static [&'static str],
    outside: Outside,
}

const ROOMS: &[Room] = &[
    Room { name: "model", uses: &[], outside: Outside::Only(&["rkyv"]) },
    Room { name: "engine", uses: &["model"], outside: Outside::Only(&[]) },
    Room { name: "persistence", uses: &["model", "engine"], outside: Outside::Anything },
    Room { name: "feeds", uses: &["model"], outside: Outside::Anything },
    Room { name: "runtime", uses: &["model", "engine", "persistence", "feeds"], outside: Outside::Anything },
    Room { name: "load", uses: &["model", "feeds"], outside: Outside::Anything },
    Room {
        name: "gateway",
        uses: &["model", "engine", "persistence", "feeds", "runtime", "load"],
        outside: Outside::Anything,
    },
    Room {
        name: "benches",
        uses: &["model", "engine", "persistence", "feeds", "runtime", "load", "gateway", "tests"],
        outside: Outside::Anything,
    },
    Room { name: "tests", uses: &["model", "engine"], outside: Outside::Anything },
    Room { name: "outside", uses: &["model", "engine"], outside: Outside::Anything },
    Room { name: "scenarios", uses: &["model", "engine"], outside: Outside::Only(&[]) },
    Room {
        name: "fuzzing",
        uses: &["model", "persistence", "feeds", "runtime", "gateway"],
        outside: Outside::Anything,
    },
    Room {
        name: "simulation",
        uses: &["model", "engine", "persistence", "feeds", "runtime"],
        outside: Outside::Anything,
    },
    Room { name: "xtask", uses: &[], outside: Outside::Anything },
];

/// Names that own nothing.
const NAMELESS: [&str; 6] = ["common", "utils", "util", "shared", "helpers", "misc"];

pub(crate) fn check(root: &Path) -> Result<()> {
    let breaches = breaches(&metadata(root)?)?;
    for breach in &breaches {
        eprintln!("layers: {breach}");
    }
    ensure!(breaches.is_empty(), "{} breaches of the table in xtask/src/layers.rs", breaches.len());
    eprintln!("layers: every edge is in the table");
    Ok(())
}

/// What cargo knows of the workspace's own crates.
pub(crate) fn metadata(root: &Path) -> Result<Value> {
    let output = cargo(root, &["metadata", "--format-version", "1", "--no-deps", "--offline"]).output()?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).context("cargo metadata is not JSON")
}

fn breaches(metadata: &Value) -> Result<Vec<String>> {
    let packages = metadata["packages"].as_array().context("cargo metadata lists packages")?;
    let names: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut breaches = Vec::new();
    for (package, name) in packages.iter().zip(&names) {
        if NAMELESS.contains(name) {
            breaches.push(format!("a crate is called {name}, which says nothing of what it owns"));
        }
        let Some(room) = ROOMS.iter().find(|room| room.name == *name) else {
            breaches.push(format!("the crate {name} is not in the table"));
            continue;
        };
        for dependency in package["dependencies"].as_array().context("a package lists dependencies")? {
            let used = dependency["name"].as_str().context("a dependency has a name")?;
            let is_inside = names.contains(&used);
            let is_for_tests = dependency["kind"] == "dev";
            let allowed = match &room.outside {
                _ if is_inside => room.uses.contains(&used),
                Outside::Only(outside) => is_for_tests || outside.contains(&used),
                Outside::Anything => true,
            };
            if !allowed {
                breaches.push(format!("{name} uses {used}"));
            }
        }
    }
    Ok(breaches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check_edges(edges: &Value, expected: &[&str]) {
        let packages: Vec<Value> = edges
            .as_object()
            .expect("a map of crates")
            .iter()
            .map(|(name, uses)| json!({"name": name, "dependencies": uses}))
            .collect();
        let found = breaches(&json!({ "packages": packages })).expect("well-formed metadata");
        assert_eq!(found, expected);
    }

    #[test]
    fn edges_of_the_table_pass() {
        check_edges(
            &json!({
                "model": [{"name": "rkyv", "kind": null}],
                "engine": [{"name": "model", "kind": null}, {"name": "proptest", "kind": "dev"}],
            }),
            &[],
        );
    }

    #[test]
    fn new_edges_and_crates_fail() {
        check_edges(
            &json!({
                "engine": [{"name": "serde", "kind": null}, {"name": "gateway", "kind": "dev"}],
                "gateway": [],
                "utils": [],
            }),
            &[
                "engine uses serde",
                "engine uses gateway",
                "a crate is called utils, which says nothing of what it owns",
                "the crate utils is not in the table",
            ],
        );
    }
}
