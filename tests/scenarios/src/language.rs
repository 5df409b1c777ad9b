//! From the words of a line to a statement.
//!
//! Owns every word of the language. It runs nothing and knows no order but by its name.

use crate::bars::{self, BarLine};
use crate::costs;
use crate::world::Setting;
use engine::CalendarPolicy;
use model::calendar::Date;
use model::{
    Aggressor, Amendment, Contingency, ExecutionProfile, InstrumentStatus, LegsBegin, Money, OrderKind,
    OrderTerms, PartialParent, Peg, PegReference, Price, Qty, Quote, RiskLimits, SiblingExpiry, SiblingFill, Side,
    Size, Time, TimeInForce, Trade, TradeConditions, TradingHours, Trail, TriggerSource,
};
use std::iter::Peekable;
use std::str::{FromStr, SplitWhitespace};

/// One line of a scenario.
#[derive(Clone, Debug)]
pub(crate) enum Statement {
    Quote {
        symbol: String,
        quote: Quote,
    },
    Trade {
        symbol: String,
        trade: Trade,
    },
    Bar {
        symbol: String,
        bar: BarLine,
    },
    Order {
        portfolio: String,
        symbol: String,
        side: Side,
        terms: OrderTerms,
        name: Option<String>,
        legs: Option<Legs>,
    },
    Cancel {
        order: String,
    },
    CancelAll {
        portfolio: String,
        symbol: Option<String>,
    },
    Replace {
        order: String,
        amendment: Amendment,
    },
    Open {
        portfolio: String,
        cash: Money,
        profile: ExecutionProfile,
    },
    Deposit {
        portfolio: String,
        amount: Money,
    },
    Withdraw {
        portfolio: String,
        amount: Money,
    },
    Limits {
        portfolio: String,
        limits: RiskLimits,
    },
    Hold {
        portfolio: String,
        symbol: String,
        qty: Qty,
        price: Price,
    },
    Status {
        symbol: String,
        status: InstrumentStatus,
        tradable: bool,
    },
    ExchangeShift {
        nanos: i64,
    },
    FeedLost,
    Flush,
    Restart,
    At {
        time: Time,
    },
    Clock {
        time: Time,
    },
    Repeat {
        times: u32,
        statement: Box<Statement>,
    },
    Show {
        order: String,
        fields: Vec<Field>,
    },
    Why {
        order: String,
    },
    /// What an order paid in fees.
    Fees {
        order: String,
    },
    /// By how much its last fill was worse than what was shown.
    Slippage {
        order: String,
    },
    Cash {
        portfolio: String,
    },
    Position {
        portfolio: String,
        symbol: String,
    },
}

/// What is sent with an order.
#[derive(Clone, Debug)]
pub(crate) struct Legs {
    pub(crate) contingency: Contingency,
    pub(crate) legs: Vec<Leg>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Leg {
    pub(crate) side: Side,
    /// Its own symbol, where it is another one.
    pub(crate) symbol: Option<String>,
    /// Without a size it is as large as what its parent fills.
    pub(crate) qty: Option<Qty>,
    pub(crate) terms: OrderTerms,
    pub(crate) name: Option<String>,
    pub(crate) legs: Option<Legs>,
}

/// What can be asked of an open order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Field {
    Filled,
    Held,
    Triggered,
    Hwm,
    Stop,
    Limit,
    Expires,
    Revision,
}

pub(crate) type Result<T> = std::result::Result<T, String>;

/// Takes a line that says how a scenario begins; `false` for any other.
pub(crate) fn header(text: &str, setting: &mut Setting) -> Result<bool> {
    let mut words = Words::of(text);
    match words.next("a word")? {
        "xnys" => setting.calendar = CalendarPolicy::OfInstrument,
        "auction-wait" => setting.auction_wait_ns = words.read::<i64>("a number of seconds")? * 1_000_000_000,
        "before-time" => (setting.calendar, setting.start) = (CalendarPolicy::OfInstrument, Time::EARLIEST),
        "gtc-days" => {
            let days: i64 = words.read("a number of days")?;
            setting.gtc_life_ns = Some(days * 86_400_000_000_000);
        }
        "seed" => setting.seed = words.read("a number")?,
        _ => return Ok(false),
    }
    words.end()?;
    Ok(true)
}

/// Reads a statement.
///
/// # Errors
/// What of it does not read.
pub(crate) fn parse(text: &str) -> Result<Statement> {
    let mut words = Words::of(text);
    let statement = statement(&mut words)?;
    words.end()?;
    Ok(statement)
}

/// The words of a statement, taken one by one.
pub(crate) struct Words<'a> {
    words: Peekable<SplitWhitespace<'a>>,
}

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        Self { words: text.split_whitespace().peekable() }
    }

    pub(crate) fn next(&mut self, what: &str) -> Result<&'a str> {
        self.words.next().ok_or_else(|| format!("a word is missing: {what}"))
    }

    pub(crate) fn maybe(&mut self) -> Option<&'a str> {
        self.words.next()
    }

    pub(crate) fn takes(&mut self, word: &str) -> bool {
        self.words.next_if(|next| *next == word).is_some()
    }

    pub(crate) fn is_number_next(&mut self) -> bool {
        self.words
            .peek()
            .is_some_and(|word| word.starts_with(|first: char| first.is_ascii_digit() || first == '-'))
    }

    pub(crate) fn read<T: FromStr>(&mut self, what: &str) -> Result<T> {
        read(self.next(what)?, what)
    }

    fn name(&mut self, what: &str) -> Result<String> {
        self.next(what).map(str::to_owned)
    }

    fn portfolio(&mut self) -> Result<String> {
        self.name("a portfolio")
    }

    fn symbol(&mut self) -> Result<String> {
        self.name("a symbol")
    }

    fn order(&mut self) -> Result<String> {
        self.name("an order")
    }

    pub(crate) fn price(&mut self) -> Result<Price> {
        self.read("a price")
    }

    fn end(&mut self) -> Result<()> {
        self.maybe().map_or(Ok(()), |word| Err(format!("`{word}` is one word too many")))
    }
}

pub(crate) fn read<T: FromStr>(text: &str, what: &str) -> Result<T> {
    text.parse().map_err(|_| format!("`{text}` is not {what}"))
}

fn statement(words: &mut Words<'_>) -> Result<Statement> {
    let word = words.next("a statement")?;
    let status = |words: &mut Words<'_>, status, tradable| {
        Ok(Statement::Status { symbol: words.symbol()?, status, tradable })
    };
    Ok(match word {
        "quote" => Statement::Quote { symbol: words.symbol()?, quote: quote(words)? },
        "bar" => Statement::Bar { symbol: words.symbol()?, bar: bars::bar(words)? },
        "trade" => Statement::Trade { symbol: words.symbol()?, trade: trade(words)? },
        "buy" => order(Side::Buy, words)?,
        "sell" => order(Side::Sell, words)?,
        "cancel" => Statement::Cancel { order: words.order()? },
        "cancel-all" => {
            Statement::CancelAll { portfolio: words.portfolio()?, symbol: words.maybe().map(str::to_owned) }
        }
        "replace" => Statement::Replace { order: words.order()?, amendment: amendment(words)? },
        "open" => Statement::Open {
            portfolio: words.portfolio()?,
            cash: words.read("an amount")?,
            profile: profile(words)?,
        },
        "deposit" => Statement::Deposit { portfolio: words.portfolio()?, amount: words.read("an amount")? },
        "withdraw" => Statement::Withdraw { portfolio: words.portfolio()?, amount: words.read("an amount")? },
        "limits" => Statement::Limits { portfolio: words.portfolio()?, limits: limits(words)? },
        "hold" => Statement::Hold {
            portfolio: words.portfolio()?,
            symbol: words.symbol()?,
            qty: words.read("a quantity")?,
            price: words.price()?,
        },
        "halt" => return status(words, InstrumentStatus::Halted, true),
        "resume" => return status(words, InstrumentStatus::Active, true),
        "delist" => return status(words, InstrumentStatus::Delisted, true),
        "untradable" => return status(words, InstrumentStatus::Active, false),
        "tick-back" => Statement::ExchangeShift { nanos: -1_000_000_000 },
        "tick-on" => Statement::ExchangeShift { nanos: 0 },
        "feed-lost" => Statement::FeedLost,
        "flush" => Statement::Flush,
        "restart" => Statement::Restart,
        "at" => Statement::At { time: time(words.next("a time")?)? },
        "clock" => Statement::Clock { time: time(words.next("a time")?)? },
        "repeat" => Statement::Repeat { times: words.read("a number")?, statement: Box::new(statement(words)?) },
        "show" => Statement::Show { order: words.order()?, fields: fields(words)? },
        "why" => Statement::Why { order: words.order()? },
        "fees" => Statement::Fees { order: words.order()? },
        "slippage" => Statement::Slippage { order: words.order()? },
        "cash" => Statement::Cash { portfolio: words.portfolio()? },
        "position" => Statement::Position { portfolio: words.portfolio()?, symbol: words.symbol()? },
        other => return Err(format!("no statement `{other}`")),
    })
}

/// A price and a size; nothing for a missing side.
fn level(words: &mut Words<'_>) -> Result<(Price, Qty)> {
    let text = words.next("a price with its size")?;
    if text == "-" {
        return Ok((Price::ZERO, Qty::ZERO));
    }
    let (price, size) = text.split_once('x').ok_or_else(|| format!("`{text}` is not a price with its size"))?;
    Ok((read(price, "a price")?, read(size, "a size")?))
}

fn quote(words: &mut Words<'_>) -> Result<Quote> {
    let ((bid, bid_size), (ask, ask_size)) = (level(words)?, level(words)?);
    Ok(Quote { bid, bid_size, ask, ask_size })
}

fn trade(words: &mut Words<'_>) -> Result<Trade> {
    let (price, size) = level(words)?;
    let aggressor = if words.takes("seller") {
        Aggressor::Seller
    } else if words.takes("buyer") {
        Aggressor::Buyer
    } else {
        Aggressor::Unknown
    };
    let conditions = match words.maybe() {
        None => TradeConditions::Regular,
        Some("odd") => TradeConditions::Ineligible,
        Some("opening") => TradeConditions::OpeningAuction,
        Some("closing") => TradeConditions::ClosingAuction,
        Some(other) => return Err(format!("no condition `{other}`")),
    };
    Ok(Trade { price, size, aggressor, conditions })
}

fn order(side: Side, words: &mut Words<'_>) -> Result<Statement> {
    let (portfolio, symbol) = (words.portfolio()?, words.symbol()?);
    let kind = kind(words)?;
    let size = words.next("a size")?;
    let size = match size.strip_prefix('$') {
        Some(amount) => Size::Notional(read(amount, "an amount")?),
        None => Size::Shares(read(size, "a quantity")?),
    };
    let mut terms = OrderTerms::plain(kind, size);
    let (name, legs) = behind_size(&mut terms, words)?;
    Ok(Statement::Order { portfolio, symbol, side, terms, name, legs })
}

/// What stands behind the size of an order or a leg: instructions, its name, and what is sent with it.
fn behind_size(terms: &mut OrderTerms, words: &mut Words<'_>) -> Result<(Option<String>, Option<Legs>)> {
    let (mut name, mut chain) = (None, None);
    while words.words.peek().is_some_and(|word| *word != ")") {
        let instructions = &mut terms.instructions;
        match words.next("an instruction")? {
            "as" => name = Some(words.name("a name")?),
            "extended" => instructions.hours = TradingHours::Extended,
            "post-only" => instructions.post_only = true,
            "reduce-only" => instructions.reduce_only = true,
            "show" => instructions.display_qty = Some(words.read("a quantity")?),
            "by" => instructions.trigger_source = trigger_source(words)?,
            "or" => chain = Some(legs(Contingency::Alternatives, words)?),
            "then" => chain = Some(legs(Contingency::Followers, words)?),
            "with" => chain = Some(legs(Contingency::FollowingAlternatives, words)?),
            other => terms.time_in_force = time_in_force(other, words)?,
        }
    }
    Ok((name, chain))
}

fn legs(contingency: Contingency, words: &mut Words<'_>) -> Result<Legs> {
    let mut legs = Vec::new();
    while words.takes("(") {
        legs.push(leg(words)?);
        if !words.takes(")") {
            return Err("a leg ends with `)`".into());
        }
    }
    if legs.is_empty() { Err("a leg begins with `(`".into()) } else { Ok(Legs { contingency, legs }) }
}

fn leg(words: &mut Words<'_>) -> Result<Leg> {
    let side = match words.next("a side")? {
        "buy" => Side::Buy,
        "sell" => Side::Sell,
        other => return Err(format!("no side `{other}`")),
    };
    let symbol = words.takes("of").then(|| words.symbol()).transpose()?;
    let kind = kind(words)?;
    let is_size = words.words.peek().is_some_and(|word| word.starts_with(|first: char| first.is_ascii_digit()));
    let qty = is_size.then(|| words.read("a quantity")).transpose()?;
    let mut terms = OrderTerms::plain(kind, Size::Shares(qty.unwrap_or(Qty::ZERO)));
    let (name, legs) = behind_size(&mut terms, words)?;
    Ok(Leg { side, symbol, qty, terms, name, legs })
}

fn profile(words: &mut Words<'_>) -> Result<ExecutionProfile> {
    let mut profile = ExecutionProfile::REALISTIC;
    while let Some(word) = words.maybe() {
        match word {
            "complete" => profile.legs_begin = LegsBegin::Complete,
            "first-fill" => profile.legs_begin = LegsBegin::FirstFill,
            "legs-end" => profile.partial_parent = PartialParent::LegsEnd,
            "fill-cancels" => profile.sibling_fill = SiblingFill::Cancels,
            "expiry-keeps" => profile.sibling_expiry = SiblingExpiry::Keeps,
            cost if costs::policy(cost, words, &mut profile)? => {}
            bar if bars::policy(bar, words, &mut profile)? => {}
            other => return Err(format!("no policy `{other}`")),
        }
    }
    Ok(profile)
}

fn kind(words: &mut Words<'_>) -> Result<OrderKind> {
    Ok(match words.next("an order type")? {
        "market" => OrderKind::Market,
        "limit" => OrderKind::Limit { limit: words.price()? },
        "stop" => OrderKind::Stop { stop: words.price()? },
        "stop-limit" => OrderKind::StopLimit { stop: words.price()?, limit: words.price()? },
        "touch" => OrderKind::MarketIfTouched { trigger: words.price()? },
        "touch-limit" => OrderKind::LimitIfTouched { trigger: words.price()?, limit: words.price()? },
        "trail" => OrderKind::TrailingStop { trail: trail(words)?, activation: activation(words)? },
        "trail-limit" => OrderKind::TrailingStopLimit {
            trail: trail(words)?,
            offset: words.price()?,
            activation: activation(words)?,
        },
        "peg" => OrderKind::Pegged(peg(words)?),
        other => return Err(format!("no order type `{other}`")),
    })
}

fn peg(words: &mut Words<'_>) -> Result<Peg> {
    let reference = match words.next("what it follows")? {
        "primary" => PegReference::Primary,
        "market" => PegReference::Market,
        "mid" => PegReference::Midpoint,
        other => return Err(format!("no price to follow `{other}`")),
    };
    let text = words.next("an offset")?;
    let offset = match text.strip_prefix('-') {
        Some(text) => Price::ZERO - read::<Price>(text, "an offset")?,
        None => read(text, "an offset")?,
    };
    let cap = words.takes("cap").then(|| words.price()).transpose()?;
    Ok(Peg { reference, offset, cap })
}

fn trail(words: &mut Words<'_>) -> Result<Trail> {
    let text = words.next("a distance")?;
    Ok(match text.strip_suffix('%') {
        Some(percent) => Trail::Percent(read(percent, "a percentage")?),
        None => Trail::Amount(read(text, "a distance")?),
    })
}

fn activation(words: &mut Words<'_>) -> Result<Option<Price>> {
    words.takes("from").then(|| words.price()).transpose()
}

fn time_in_force(text: &str, words: &mut Words<'_>) -> Result<TimeInForce> {
    Ok(match text {
        "day" => TimeInForce::Day,
        "gtc" => TimeInForce::GoodTilCanceled,
        "gtd" => TimeInForce::GoodTilDate(time(words.next("a time")?)?),
        "ioc" => TimeInForce::ImmediateOrCancel,
        "fok" => TimeInForce::FillOrKill,
        "opg" => TimeInForce::AtOpen,
        "cls" => TimeInForce::AtClose,
        other => return Err(format!("no instruction `{other}`")),
    })
}

fn trigger_source(words: &mut Words<'_>) -> Result<TriggerSource> {
    Ok(match words.next("a price source")? {
        "last" => TriggerSource::Last,
        "bid-ask" => TriggerSource::BidAsk,
        "mid" => TriggerSource::Mid,
        "double-last" => TriggerSource::DoubleLast,
        "double-bid-ask" => TriggerSource::DoubleBidAsk,
        other => return Err(format!("no price source `{other}`")),
    })
}

fn amendment(words: &mut Words<'_>) -> Result<Amendment> {
    let mut amendment = Amendment::default();
    while let Some(field) = words.maybe() {
        match field {
            "qty" => amendment.qty = Some(words.read("a quantity")?),
            "limit" => amendment.limit = Some(words.price()?),
            "stop" => amendment.stop = Some(words.price()?),
            "trigger" => amendment.trigger = Some(words.price()?),
            "trail" => amendment.trail = Some(trail(words)?),
            "show" => amendment.display_qty = Some(words.read("a quantity")?),
            "tif" => {
                let text = words.next("a time in force")?;
                amendment.time_in_force = Some(time_in_force(text, words)?);
            }
            other => return Err(format!("nothing amendable is called `{other}`")),
        }
    }
    Ok(amendment)
}

fn limits(words: &mut Words<'_>) -> Result<RiskLimits> {
    let mut limits = RiskLimits::default();
    while let Some(limit) = words.maybe() {
        match limit {
            "positions" => limits.open_positions_max = Some(words.read("a count")?),
            "percent" => limits.position_percent_max = Some(words.read("a percentage")?),
            "gross" => limits.gross_exposure_max = Some(words.read("an amount")?),
            "order" => limits.order_value_max = Some(words.read("an amount")?),
            "price" => limits.price_min = Some(words.price()?),
            other => return Err(format!("no limit `{other}`")),
        }
    }
    Ok(limits)
}

fn fields(words: &mut Words<'_>) -> Result<Vec<Field>> {
    let mut fields = Vec::new();
    while let Some(field) = words.maybe() {
        fields.push(match field {
            "filled" => Field::Filled,
            "held" => Field::Held,
            "triggered" => Field::Triggered,
            "hwm" => Field::Hwm,
            "stop" => Field::Stop,
            "limit" => Field::Limit,
            "expires" => Field::Expires,
            "revision" => Field::Revision,
            other => return Err(format!("no field `{other}`")),
        });
    }
    Ok(fields)
}

/// An instant in UTC: `2026-03-02T15:00:00Z`, with up to nine digits of a second.
fn time(text: &str) -> Result<Time> {
    read_time(text).ok_or_else(|| format!("`{text}` is not a time in UTC"))
}

fn read_time(text: &str) -> Option<Time> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let date: Vec<i32> = date.split('-').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let clock: Vec<i64> = clock.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let (&[year, month, day], &[hour, minute, second]) = (date.as_slice(), clock.as_slice()) else { return None };
    let midnight = Date::from_civil(year, month, day).midnight_utc();
    let time = Time::from_seconds(midnight.seconds() + hour * 3_600 + minute * 60 + second);
    let nanos: i64 = format!("{fraction:0<9}").parse().ok()?;
    Some(time.plus_nanos(nanos))
}
