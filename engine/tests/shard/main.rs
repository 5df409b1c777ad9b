//! The shard held to its rules: scenarios by rule, and random markets against a naive model.

mod matching;
mod orders;
mod random;
mod sessions;
mod stops;
mod support;
