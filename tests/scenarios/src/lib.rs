//! A small language for scenarios, so that a rule of the engine is a few lines that read like the market.
//!
//! The scenarios are the files of `rules`. Each has a title: the number of its row in the table of
//! execution rules, or the rule that it belongs to, and a sentence. Then one statement a line; what it
//! must lead to stands behind `=>`, separated by `;`, and nothing else may happen. After every line the
//! world is checked from the facts alone: see [`World::check`].
//!
//! ```text
//! # 17 a seller's trade below a resting buy fills it at its limit
//! quote AAPL 10.00x500 10.02x300            // bid and ask; `-` is a missing side
//! buy A AAPL limit 10.00 100 as l           // `as` names the order for later lines
//! trade AAPL 9.99x40 seller => l: fill 40@10 maker
//! show l => 60 open
//! ```
//!
//! Behind the title may stand, a line each: `xnys` (the exchange's hours; without it every market is
//! always open), `auction-wait SECONDS` (how long an auction's print is waited for), `before-time` (no time is known yet; exchange's hours), `gtc-days N` (how long orders
//! work that are good till cancelled), `seed N` (what draws begin with). A scenario begins on Monday 2026-03-02 at 15:00Z, 10:00 in New York,
//! with a portfolio A of a million and the symbols AAPL, MSFT (in whole shares) and BTC/USD (in
//! hundred-millionths, always open). A blank line ends it.
//!
//! | the market | |
//! |---|---|
//! | `quote AAPL 10.00x500 -` | bid and ask with their sizes |
//! | `trade AAPL 9.99x40 [seller\|buyer] [odd\|opening\|closing]` | a print; who took, and its sale condition |
//! | `bar AAPL 291.5 291.9 288.5 289 [v1000] [1m\|15m\|1h\|1d]` | open, high, low, close and volume of the minute in which the clock stands, or of another stretch; the clock moves to its end. A day is a session |
//! | `halt AAPL`, `resume AAPL`, `delist AAPL`, `untradable AAPL` | what the venue does with a symbol |
//! | `tick-back`, `tick-on` | exchange times of ticks lag by a second; do no more |
//! | `feed-lost` | every quote is old |
//! | `at TIME` | the shard is told the time; `clock TIME` leaves that to the next input |
//! | `restart` | the shard comes back from its image |
//! | `flush` | trailing marks that moved are recorded |
//!
//! | the client | |
//! |---|---|
//! | `buy A AAPL KIND SIZE …` | kinds: `market`, `limit P`, `stop P`, `stop-limit S L`, `touch P`, `touch-limit P L`, `trail D`, `trail D%`, `trail-limit D OFFSET`, the last three also `from ACTIVATION`, `peg primary\|market\|mid OFFSET [cap P]`; a size is a quantity or `$` money |
//! | `… ioc as m` | behind it: `day`, `gtc`, `gtd TIME`, `ioc`, `fok`, `opg`, `cls`, `extended`, `post-only`, `reduce-only`, `show QTY`, `by last\|bid-ask\|mid\|double-last\|double-bid-ask`, `as NAME` |
//! | `… with ( sell limit 11 as tp ) ( sell stop 9 as sl )` | legs that follow its fills, alternatives to each other; `then ( … )`: legs that follow on their own; `or ( … )`: alternatives to the order itself. A leg is `SIDE [of SYMBOL] KIND [SIZE] …` and may have legs; without a size it is as large as what its parent filled |
//! | `cancel m`, `cancel-all A [AAPL]` | |
//! | `replace m qty 60 limit 9.99` | also `stop`, `trigger`, `trail`, `show`, `tif` |
//! | `open B 1000 olhc` | policies of bars behind it: a path (`ohlc`, `olhc`, `adaptive`, `pessimistic`, `optimistic`, `extremes`), where market orders trade (`next-open`, `mid-bar`, `this-close`, `last-close`), `at-touch`, `gap-open` or `gap-limit`, `volume unlimited\|split\|10%`, `stop-in-market`; or all of `lean`, `nautilus` |
//! | `open B 1000 POLICY…` | of costs, behind it: `commission per-order 5`, `commission per-share 0.005 min 1 max 0.5%`, `commission percent 10bps min 2 max 3`, `commission maker-taker -2bps 10bps`, each rate as money for a unit or as `bps`, with a minus a rebate, and behind them up to four steps `from 300 RATE [RATE]` or `from $5000 RATE [RATE]`; `regulatory`; `slippage ticks 2\|bps 5\|spread 50%\|volume-share [LIMIT% IMPACT%]\|square-root 1%` and perhaps `random 50%`; `protect 0.50\|50ticks\|1% cancel\|rest` |
//! | `open B 1000`, `deposit A 5`, `withdraw A 5` | |
//! | `limits A gross 5000` | also `positions`, `percent`, `order`, `price`; all that are not named are off |
//! | `hold A AAPL 100 10.00` | a holding, bought from a quote that is gone again |
//! | `repeat 100 STATEMENT` | what it leads to must be nothing |
//!
//! | questions | |
//! |---|---|
//! | `show m => 30 open` | or `$30 open`, `gone`; `show m FIELD…` of `filled`, `held`, `triggered`, `hwm`, `stop`, `limit`, `expires`, `revision` |
//! | `why m => trade_at_limit` | the rule of its last fill |
//! | `fees m => 1.02 regulatory 0.02` | what its fills were charged in all, and what of it by authorities |
//! | `slippage m => 0.01` | by how much its last fill was worse than what was shown |
//! | `cash A => 998 free 900` | |
//! | `position A AAPL => 100 cost 1002 pnl 0` | or `none` |
//!
//! An outcome is `fill QTY@PRICE maker` or `taker` (in an auction followed by its rule; then `ambiguous`, where
//! another path of the bar would have made another fill of it), `canceled REASON`,
//! `expired TIME`, `triggered PRICE`, `hwm PRICE`, `rests PRICE` (at its cap), `rejected CODE`, `refused CODE` (nothing came of it) or
//! `duplicate NAME`. The order that a line is about goes without its name, every other one is named.

mod bars;
mod chain;
mod costs;
mod describe;
mod invariants;
mod language;
mod scenario;
mod world;

pub use scenario::{Scenario, read_folder};
pub use world::{Setting, World};
