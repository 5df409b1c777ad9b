//! A small language for scenarios, so that a rule is a few lines that read like the market.
//!
//! One statement a line; what it must lead to stands behind `=>`, separated by `;`, and nothing
//! else may happen. After every line the world is checked: see [`World::check`].
//!
//! ```text
//! quote AAPL 10.00x500 10.02x300        bid and ask; `-` is a missing side
//! trade AAPL 9.99x40 seller [odd]
//! buy A AAPL market 100 [ioc] [as m1]   market | limit P | stop P | stop-limit S L | trail D | trail D%
//! sell A AAPL limit 10.05 $1000         a size in money
//! cancel m1 | cancel-all A | replace m1 qty 60 limit 9.99 stop 8 trail 2% tif gtc
//! open B 1000 | limits A gross 5000 | hold A AAPL 100 10.00 | withdraw A 5
//! halt AAPL | resume AAPL | feed-lost | flush | restart
//! at 2026-03-02T15:00:00Z               the shard is told the time; `clock` leaves that to the next input
//! show m1 => 30 open | cash A => 998 free 900 | position A AAPL => 100 cost 1002 pnl 0
//! ```

mod world;

pub(crate) use world::World;

use model::{
    Aggressor, Amendment, Command, OrderKind, Price, Qty, Quote, RiskLimits, Side, Size, TickBody, TimeInForce,
    Trade, TradeConditions, Trail,
};

/// Runs a scenario from its text; the market is always open unless it begins with `xnys`.
pub(crate) fn check(scenario: &str) {
    check_in(World::new(scenario.trim_start().starts_with("xnys")), scenario);
}

/// Runs a scenario that begins before any time is known.
pub(crate) fn check_before_time(scenario: &str) {
    check_in(World::begin(true, model::Time::EARLIEST), scenario);
}

fn check_in(mut world: World, scenario: &str) {
    for line in scenario.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "xnys") {
        let (statement, expected) = line.split_once("=>").unwrap_or((line, ""));
        let actual = run(&mut world, &mut Words::of(statement)).join("; ");
        let expected: Vec<&str> = expected.split(';').map(str::trim).collect();
        assert_eq!(actual, expected.join("; "), "in `{line}`");
        world.check();
    }
}

/// The words of a statement, taken one by one.
struct Words<'a> {
    words: std::iter::Peekable<std::str::SplitWhitespace<'a>>,
}

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        Self { words: text.split_whitespace().peekable() }
    }

    fn next(&mut self) -> &'a str {
        self.words.next().expect("one more word")
    }

    fn price(&mut self) -> Price {
        price(self.next())
    }

    fn takes(&mut self, word: &str) -> bool {
        self.words.next_if(|next| *next == word).is_some()
    }

    fn maybe(&mut self) -> Option<&'a str> {
        self.words.next()
    }
}

fn price(text: &str) -> Price {
    text.parse().expect("a price")
}

fn level(text: &str) -> (Price, Qty) {
    if text == "-" {
        return (Price::ZERO, Qty::ZERO);
    }
    let (price_text, size) = text.split_once('x').expect("a price and a size");
    (price(price_text), size.parse().expect("a size"))
}

fn trail(text: &str) -> Trail {
    match text.strip_suffix('%') {
        Some(percent) => Trail::Percent(percent.parse().expect("a percentage")),
        None => Trail::Amount(price(text)),
    }
}

fn time_in_force(text: &str) -> TimeInForce {
    match text {
        "day" => TimeInForce::Day,
        "gtc" => TimeInForce::GoodTilCanceled,
        "ioc" => TimeInForce::ImmediateOrCancel,
        "fok" => TimeInForce::FillOrKill,
        other => panic!("no time in force {other}"),
    }
}

fn run(world: &mut World, words: &mut Words<'_>) -> Vec<String> {
    match words.next() {
        "quote" => {
            let symbol = words.next();
            let ((bid, bid_size), (ask, ask_size)) = (level(words.next()), level(words.next()));
            world.tick(symbol, TickBody::Quote(Quote { bid, bid_size, ask, ask_size }))
        }
        "trade" => trade(world, words),
        "buy" => order(world, Side::Buy, words),
        "sell" => order(world, Side::Sell, words),
        "cancel" => {
            let order = world.order(words.next());
            world.command(Command::Cancel { order })
        }
        "cancel-all" => {
            let portfolio = world.portfolio(words.next());
            world.command(Command::CancelAll { portfolio, symbol: None })
        }
        "replace" => replace(world, words),
        "open" => world.open(words.next(), words.next()),
        "limits" => limits(world, words),
        "hold" => world.hold(words.next(), words.next(), words.next(), words.next()),
        "withdraw" => world.withdraw(words.next(), words.next()),
        "halt" => world.set_halted(words.next(), true),
        "resume" => world.set_halted(words.next(), false),
        "feed-lost" => world.feed_lost(),
        "flush" => world.flush(),
        "restart" => world.restart(),
        "at" => world.at(words.next()),
        "clock" => world.set_clock(words.next()),
        "tick-back" => world.shift_exchange_time(-1_000_000_000),
        "tick-on" => world.shift_exchange_time(0),
        "show" => vec![world.show_order(words.next())],
        "cash" => vec![world.show_cash(words.next())],
        "position" => vec![world.show_position(words.next(), words.next())],
        other => panic!("no statement {other}"),
    }
}

fn trade(world: &mut World, words: &mut Words<'_>) -> Vec<String> {
    let symbol = words.next();
    let (price, size) = level(words.next());
    let aggressor = if words.takes("seller") {
        Aggressor::Seller
    } else if words.takes("buyer") {
        Aggressor::Buyer
    } else {
        Aggressor::Unknown
    };
    let conditions = if words.takes("odd") { TradeConditions::Ineligible } else { TradeConditions::Regular };
    world.tick(symbol, TickBody::Trade(Trade { price, size, aggressor, conditions }))
}

fn order(world: &mut World, side: Side, words: &mut Words<'_>) -> Vec<String> {
    let (portfolio, symbol) = (words.next(), words.next());
    let kind = match words.next() {
        "market" => OrderKind::Market,
        "limit" => OrderKind::Limit { limit: words.price() },
        "stop" => OrderKind::Stop { stop: words.price() },
        "stop-limit" => OrderKind::StopLimit { stop: words.price(), limit: words.price() },
        "trail" => OrderKind::TrailingStop { trail: trail(words.next()) },
        other => panic!("no order type {other}"),
    };
    let size = words.next();
    let size = match size.strip_prefix('$') {
        Some(amount) => Size::Notional(amount.parse().expect("an amount")),
        None => Size::Shares(size.parse().expect("a quantity")),
    };
    let (mut terms, mut name) = (TimeInForce::GoodTilCanceled, None);
    while let Some(word) = words.maybe() {
        match word {
            "as" => name = Some(words.next()),
            other => terms = time_in_force(other),
        }
    }
    let order = world.new_order(portfolio, symbol, side, name);
    world.submit(model::NewOrder { kind, size, time_in_force: terms, ..order }, name)
}

fn replace(world: &mut World, words: &mut Words<'_>) -> Vec<String> {
    let order = world.order(words.next());
    let mut amendment = Amendment::default();
    while let Some(field) = words.maybe() {
        match field {
            "qty" => amendment.qty = Some(words.next().parse().expect("a quantity")),
            "limit" => amendment.limit = Some(words.price()),
            "stop" => amendment.stop = Some(words.price()),
            "trail" => amendment.trail = Some(trail(words.next())),
            "tif" => amendment.time_in_force = Some(time_in_force(words.next())),
            other => panic!("no amendable {other}"),
        }
    }
    world.command(Command::Replace { order, amendment })
}

fn limits(world: &mut World, words: &mut Words<'_>) -> Vec<String> {
    let portfolio = world.portfolio(words.next());
    let mut limits = RiskLimits::default();
    while let Some(limit) = words.maybe() {
        let value = words.next();
        match limit {
            "positions" => limits.open_positions_max = Some(value.parse().expect("a count")),
            "percent" => limits.position_percent_max = Some(value.parse().expect("a percentage")),
            "gross" => limits.gross_exposure_max = Some(value.parse().expect("an amount")),
            "order" => limits.order_value_max = Some(value.parse().expect("an amount")),
            "price" => limits.price_min = Some(price(value)),
            other => panic!("no limit {other}"),
        }
    }
    world.command(Command::SetLimits { portfolio, limits })
}
