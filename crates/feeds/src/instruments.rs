//! The instruments that are there from the first start: what they are called, where they trade,
//! and how lively they are.
//!
//! Owns a table of well-known US shares, funds and crypto pairs, and how a row becomes an
//! [`Instrument`]. Prices and volumes are plausible starting points for a simulated market, never
//! market data. Invariant: symbols are unique, and every price is positive and on its increment.

use model::{
    AssetClass, CalendarId, Currency, Instrument, InstrumentId, InstrumentStatus, Price, Qty, SCALE, Symbol,
};
use std::collections::HashMap;
use std::sync::OnceLock;

const TABLE: &str = include_str!("instruments.csv");

/// One cent: the step of US share prices from one dollar up, and the widest of crypto prices.
const CENT: Price = Price::from_raw(SCALE / 100);
/// A hundredth of a cent: the step of US share prices below one dollar (rule 612).
const CENT_HUNDREDTH: Price = Price::from_raw(SCALE / 10_000);
/// The finest step that a price can have.
const FINEST: Price = Price::from_raw(1);
/// The finest step that a quantity can have; whoever has it trades in fractions.
const FRACTION: Qty = Qty::from_raw(1);

/// A row of the built-in table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltinInstrument {
    /// Its ticker.
    pub symbol: Symbol,
    /// Its name, as people know it.
    pub name: &'static str,
    /// Where it is listed: `NASDAQ`, `NYSE`, `ARCA`, `BATS` or `CRYPTO`.
    pub exchange: &'static str,
    /// Equity, fund or crypto pair.
    pub asset_class: AssetClass,
    /// The sector of a share, the theme of a fund.
    pub sector: &'static str,
    /// A plausible price in US dollars, on the instrument's increment.
    pub price: Price,
    /// A day's usual move: the standard deviation of daily returns, in hundredths of a percent.
    pub volatility_bps_per_day: u32,
    /// Units that trade on a usual day.
    pub average_daily_volume: u64,
    /// Usual distance of bid and ask, in increments.
    pub spread_ticks: u32,
}

impl BuiltinInstrument {
    /// The row as an instrument: tradable, shortable and in fractions.
    #[must_use]
    pub fn to_instrument(&self, id: InstrumentId) -> Instrument {
        let plain = match self.asset_class {
            AssetClass::Crypto => {
                let step = crypto_increment(self.price);
                Instrument { tick_size: step, tick_size_below_one: step, ..plain_crypto(self.symbol, id) }
            }
            AssetClass::Equity
            | AssetClass::Etf
            | AssetClass::Option
            | AssetClass::Future
            | AssetClass::Fx
            | AssetClass::Bond => plain_equity(self.symbol, id),
        };
        Instrument {
            name: self.name.into(),
            exchange: self.exchange.into(),
            asset_class: self.asset_class,
            ..plain
        }
    }
}

/// Every row of the table, in its order: shares by sector, then funds, then crypto pairs.
#[must_use]
pub fn builtin() -> &'static [BuiltinInstrument] {
    static ROWS: OnceLock<Vec<BuiltinInstrument>> = OnceLock::new();
    ROWS.get_or_init(|| {
        TABLE
            .lines()
            .skip(1)
            .map(|line| parse_row(line).expect("the embedded table is well formed: a test reads all of it"))
            .collect()
    })
}

/// The row of a ticker.
#[must_use]
pub fn find(symbol: Symbol) -> Option<&'static BuiltinInstrument> {
    static BY_SYMBOL: OnceLock<HashMap<Symbol, &'static BuiltinInstrument>> = OnceLock::new();
    BY_SYMBOL.get_or_init(|| builtin().iter().map(|row| (row.symbol, row)).collect()).get(&symbol).copied()
}

/// The instrument of a ticker: from the table where it stands there, else a plain crypto pair where
/// it has a slash, else a plain share.
#[must_use]
pub fn instrument_for(symbol: Symbol, id: InstrumentId) -> Instrument {
    match find(symbol) {
        Some(row) => row.to_instrument(id),
        None if symbol.as_str().contains('/') => plain_crypto(symbol, id),
        None => plain_equity(symbol, id),
    }
}

/// A US share of which nothing but the ticker is known.
#[must_use]
pub fn plain_equity(symbol: Symbol, id: InstrumentId) -> Instrument {
    Instrument {
        id,
        symbol,
        name: symbol.as_str().into(),
        exchange: "US".into(),
        asset_class: AssetClass::Equity,
        currency: Currency::Usd,
        tick_size: CENT,
        tick_size_below_one: CENT_HUNDREDTH,
        lot_size: FRACTION,
        calendar: CalendarId::Xnys,
        tradable: true,
        shortable: true,
        status: InstrumentStatus::Active,
    }
}

/// A crypto pair of which nothing but the ticker is known: its price may have every digit.
#[must_use]
pub fn plain_crypto(symbol: Symbol, id: InstrumentId) -> Instrument {
    Instrument {
        exchange: "CRYPTO".into(),
        asset_class: AssetClass::Crypto,
        tick_size: FINEST,
        tick_size_below_one: FINEST,
        calendar: CalendarId::AlwaysOpen,
        ..plain_equity(symbol, id)
    }
}

/// The largest power of ten that is at most a ten-thousandth of the price, but never above a cent.
fn crypto_increment(price: Price) -> Price {
    let mut step = FINEST.raw();
    while step < CENT.raw() && step * 10 <= price.raw() / 10_000 {
        step *= 10;
    }
    Price::from_raw(step)
}

/// `symbol,name,exchange,class,sector,price,volatility_bps,volume,spread_ticks`; no field holds a
/// comma, so that nothing needs quoting.
fn parse_row(line: &'static str) -> Option<BuiltinInstrument> {
    let mut fields = line.split(',');
    let row = BuiltinInstrument {
        symbol: Symbol::parse(fields.next()?).ok()?,
        name: fields.next()?,
        exchange: fields.next()?,
        asset_class: match fields.next()? {
            "equity" => AssetClass::Equity,
            "etf" => AssetClass::Etf,
            "crypto" => AssetClass::Crypto,
            _ => return None,
        },
        sector: fields.next()?,
        price: fields.next()?.parse().ok()?,
        volatility_bps_per_day: fields.next()?.parse().ok()?,
        average_daily_volume: fields.next()?.parse().ok()?,
        spread_ticks: fields.next()?.parse().ok()?,
    };
    fields.next().is_none().then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn symbol(text: &str) -> Symbol {
        Symbol::parse(text).expect("a ticker")
    }

    fn check_row(ticker: &str, name: &str, exchange: &str, class: AssetClass) {
        let row = find(symbol(ticker)).unwrap_or_else(|| panic!("{ticker} is in the table"));
        assert_eq!((row.name, row.exchange, row.asset_class), (name, exchange, class), "{ticker}");
    }

    #[test]
    fn every_line_is_a_row_and_there_are_enough_of_each_kind() {
        assert!(TABLE.lines().skip(1).all(|line| parse_row(line).is_some()), "a line does not parse");
        let count = |class| builtin().iter().filter(|row| row.asset_class == class).count();
        assert!(count(AssetClass::Equity) >= 500, "{} shares", count(AssetClass::Equity));
        assert!(count(AssetClass::Etf) >= 40);
        assert!(count(AssetClass::Crypto) >= 12);
    }

    #[test]
    fn symbols_are_unique() {
        let symbols: HashSet<_> = builtin().iter().map(|row| row.symbol).collect();
        assert_eq!(symbols.len(), builtin().len());
    }

    #[test]
    fn prices_are_positive_and_on_their_increment() {
        for row in builtin() {
            let instrument = row.to_instrument(InstrumentId::new(1));
            assert!(row.price.is_positive(), "{}", row.symbol);
            assert!(row.price.is_multiple_of(instrument.increment_at(row.price)), "{}", row.symbol);
            assert!(row.price < model::limits::PRICE_MAX, "{}", row.symbol);
        }
    }

    #[test]
    fn liveliness_is_within_reason() {
        for row in builtin() {
            assert!((5..=1_500).contains(&row.volatility_bps_per_day), "{}", row.symbol);
            assert!(row.average_daily_volume > 0, "{}", row.symbol);
            // The spread stays below two percent of the price.
            let step = row.to_instrument(InstrumentId::new(1)).increment_at(row.price).raw();
            assert!(i64::from(row.spread_ticks) * step * 50 <= row.price.raw(), "{}", row.symbol);
            assert!(row.spread_ticks > 0 && !row.name.is_empty() && !row.sector.is_empty(), "{}", row.symbol);
        }
    }

    #[test]
    fn well_known_names_are_right() {
        check_row("AAPL", "Apple Inc.", "NASDAQ", AssetClass::Equity);
        check_row("MSFT", "Microsoft Corporation", "NASDAQ", AssetClass::Equity);
        check_row("NVDA", "NVIDIA Corporation", "NASDAQ", AssetClass::Equity);
        check_row("BRK.B", "Berkshire Hathaway Inc. Class B", "NYSE", AssetClass::Equity);
        check_row("JPM", "JPMorgan Chase & Co.", "NYSE", AssetClass::Equity);
        check_row("IBM", "International Business Machines Corporation", "NYSE", AssetClass::Equity);
        check_row("XOM", "Exxon Mobil Corporation", "NYSE", AssetClass::Equity);
        check_row("KO", "The Coca-Cola Company", "NYSE", AssetClass::Equity);
        check_row("COST", "Costco Wholesale Corporation", "NASDAQ", AssetClass::Equity);
        check_row("F", "Ford Motor Company", "NYSE", AssetClass::Equity);
        check_row("SPY", "SPDR S&P 500 ETF Trust", "ARCA", AssetClass::Etf);
        check_row("QQQ", "Invesco QQQ Trust", "NASDAQ", AssetClass::Etf);
        check_row("BTC/USD", "Bitcoin / US Dollar", "CRYPTO", AssetClass::Crypto);
    }

    #[test]
    fn shares_step_in_cents_and_crypto_never_closes() {
        let apple = find(symbol("AAPL")).expect("in the table").to_instrument(InstrumentId::new(7));
        assert_eq!((apple.id, apple.calendar), (InstrumentId::new(7), CalendarId::Xnys));
        assert_eq!(apple.increment_at(Price::whole(200)).to_string(), "0.01");
        assert_eq!(apple.increment_at(Price::from_raw(SCALE / 2)).to_string(), "0.0001");
        assert!(apple.fractionable() && apple.tradable && apple.shortable);
        let bitcoin = find(symbol("BTC/USD")).expect("in the table").to_instrument(InstrumentId::new(8));
        assert_eq!(bitcoin.calendar, CalendarId::AlwaysOpen);
        assert_eq!(bitcoin.increment_at(Price::whole(100_000)).to_string(), "0.01");
    }

    #[test]
    fn crypto_prices_step_in_a_ten_thousandth_or_finer() {
        let check = |price: &str, step: &str| {
            assert_eq!(crypto_increment(price.parse().expect("a price")).to_string(), step, "{price}");
        };
        check("95000", "0.01");
        check("140", "0.01");
        check("2.2", "0.0001");
        check("0.15", "0.00001");
        check("0.0000088", "0.00000001");
    }

    #[test]
    fn unknown_tickers_become_plain_instruments() {
        let share = instrument_for(symbol("ZZZZ"), InstrumentId::new(1));
        assert_eq!(
            (share.asset_class, share.calendar, &*share.name),
            (AssetClass::Equity, CalendarId::Xnys, "ZZZZ")
        );
        let pair = instrument_for(symbol("ZZZ/USD"), InstrumentId::new(2));
        assert_eq!((pair.asset_class, pair.calendar), (AssetClass::Crypto, CalendarId::AlwaysOpen));
        assert_eq!(instrument_for(symbol("SPY"), InstrumentId::new(3)).asset_class, AssetClass::Etf);
    }
}
