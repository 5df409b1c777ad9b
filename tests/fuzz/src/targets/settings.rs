//! The settings file.
//!
//! Rules: what is taken is within the documented bounds; what is refused names the setting or the line.

use crate::{Target, kind_of};
use gateway::Settings;
use model::limits;
use std::time::Duration;

const WORDS: &[&str] = &[
    "listen = \"127.0.0.1:0\"\n",
    "shards = 2\n",
    "feed = \"replay\"\n",
    "calendar = \"24x7\"\n",
    "sim_rate = 0.5\n",
    "symbols = [\"AAPL\"]\n",
    "replay_from = \"2013-10-07\"\n",
    "starting_balance = \"100000\"\n",
    "access_minutes = 60\n",
    "refresh_days = 30\n",
    "segment_megabytes = 256\n",
    "quote_age_max = 3600\n",
    "replay_speed = 2.5\n",
    "feed_round_lots = true\n",
    "durability = \"off\"\n",
    "nan",
    "inf",
    "-1",
    "1e400",
    "[a]\n",
];

pub(super) const TARGET: Target =
    Target { name: "settings", run, words: WORDS, executions: 15_000, bytes_max: 2_048 };

fn run(input: &[u8]) -> u64 {
    let Ok(text) = std::str::from_utf8(input) else { return 0 };
    let settings = match Settings::from_toml(text) {
        Ok(settings) => settings,
        Err(error) => {
            let words = error.to_string();
            assert!(!words.is_empty() && words.len() <= 4 * text.len() + 1_024, "{words}");
            return kind_of(words.split(':').next_back().unwrap_or_default());
        }
    };
    let day = Duration::from_secs(86_400);
    assert!(settings.access_life >= Duration::from_secs(60) && settings.access_life <= day);
    assert!(settings.refresh_life <= day * u32::from(u16::MAX));
    assert!(settings.sim_rate > 0.0 && settings.sim_rate <= 1_000.0);
    assert!((1 << 20..=4_096 << 20).contains(&settings.segment_bytes_max));
    assert!(settings.starting_balance.is_positive() && settings.starting_balance <= limits::MONEY_MAX);
    kind_of(&format!("{:?}{:?}{:?}", settings.feed, settings.calendar, settings.clock))
}
