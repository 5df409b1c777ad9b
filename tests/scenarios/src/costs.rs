//! What trading costs in a portfolio: from the words behind `open` to its policies.

use crate::language::{Result, Words, read};
use model::{
    BeyondProtection, Commission, CommissionMax, ExecutionProfile, Millionths, Percent, Price, PriceProtection,
    ProtectionDistance, Rate, RateCard, Rates, RegulatoryFees, Slippage, SlippageModel, Tier, TierMeasure,
};

/// Takes a policy of costs; `false` for any other word.
pub(crate) fn policy(word: &str, words: &mut Words<'_>, profile: &mut ExecutionProfile) -> Result<bool> {
    match word {
        "commission" => profile.commission = commission(words)?,
        "regulatory" => profile.regulatory = RegulatoryFees::UnitedStates,
        "slippage" => profile.slippage = slippage(words)?,
        "protect" => profile.protection = protection(words)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn commission(words: &mut Words<'_>) -> Result<Commission> {
    let (maker, taker) = match words.next("a commission")? {
        "per-order" => return Ok(Commission::PerOrder(words.read("an amount")?)),
        "per-share" | "percent" => {
            let rate = rate(words)?;
            (rate, rate)
        }
        "maker-taker" => (rate(words)?, rate(words)?),
        other => return Err(format!("no commission `{other}`")),
    };
    let Commission::ByRate(mut card) = Commission::maker_taker(maker, taker) else {
        unreachable!("rates make a card")
    };
    if words.takes("min") {
        card.min = words.read("an amount")?;
    }
    if words.takes("max") {
        let most = words.next("an amount or a percentage")?;
        card.max = match most.strip_suffix('%') {
            Some(percent) => CommissionMax::OfValue(read(percent, "a percentage")?),
            None => CommissionMax::Amount(read(most, "an amount")?),
        };
    }
    while words.takes("from") {
        step(words, &mut card)?;
    }
    Ok(Commission::ByRate(card))
}

/// The rates from so many units, or from so many dollars in a month on; one of them stands for both sides.
fn step(words: &mut Words<'_>, card: &mut RateCard) -> Result<()> {
    let from = words.next("a number of units or dollars")?;
    let (measure, from) = match from.strip_prefix('$') {
        Some(dollars) => (TierMeasure::Value, dollars),
        None => (TierMeasure::Qty, from),
    };
    card.tier_by = measure;
    let maker = rate(words)?;
    let taker = if words.is_number_next() { rate(words)? } else { maker };
    let tier = Tier { from: read(from, "a whole number")?, rates: Rates { maker, taker } };
    let free = card.tiers.iter_mut().find(|tier| tier.is_none());
    *free.ok_or("there are more steps than a commission has")? = Some(tier);
    Ok(())
}

/// Money for each unit, or `bps` of the value; with a minus a rebate.
fn rate(words: &mut Words<'_>) -> Result<Rate> {
    let text = words.next("a rate")?;
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let millionths = |digits: &str, units: i64| {
        let raw = read::<Percent>(digits, "a rate")?.raw() * units;
        let millionths = i32::try_from(raw / 100_000_000).map_err(|_| format!("`{text}` is too large"))?;
        if raw % 100_000_000 == 0 {
            Ok(Millionths::new(sign * millionths))
        } else {
            Err(format!("`{text}` is too fine"))
        }
    };
    match digits.strip_suffix("bps") {
        Some(digits) => millionths(digits, 100).map(Rate::OfValue),
        None => millionths(digits, 1_000_000).map(Rate::PerUnit),
    }
}

fn percent(words: &mut Words<'_>) -> Result<Percent> {
    let text = words.next("a percentage")?;
    read(text.strip_suffix('%').unwrap_or_default(), "a percentage")
}

fn slippage(words: &mut Words<'_>) -> Result<Slippage> {
    let model = match words.next("a model of slippage")? {
        "ticks" => SlippageModel::FixedTicks(words.read("a number of steps")?),
        "bps" => {
            let points: Percent = words.read("a number of basis points")?;
            SlippageModel::OfPrice(Percent::from_raw(points.raw() / 100))
        }
        "volume-share" if words.is_number_next() => {
            SlippageModel::VolumeShare { limit: percent(words)?, impact: percent(words)? }
        }
        "volume-share" => Slippage::VOLUME_SHARE.model,
        "spread" => SlippageModel::SpreadFraction(percent(words)?),
        "square-root" => SlippageModel::SquareRoot { coefficient: percent(words)? },
        other => return Err(format!("no model of slippage `{other}`")),
    };
    let random = if words.takes("random") { percent(words)? } else { Percent::ZERO };
    Ok(Slippage { model, random })
}

fn protection(words: &mut Words<'_>) -> Result<PriceProtection> {
    let text = words.next("a distance")?;
    let distance = if let Some(percent) = text.strip_suffix('%') {
        ProtectionDistance::Percent(read(percent, "a percentage")?)
    } else if let Some(ticks) = text.strip_suffix("ticks") {
        ProtectionDistance::Ticks(read(ticks, "a number of steps")?)
    } else {
        ProtectionDistance::Amount(read::<Price>(text, "a distance")?)
    };
    let beyond = match words.next("what becomes of the rest")? {
        "cancel" => BeyondProtection::Cancels,
        "rest" => BeyondProtection::Rests,
        other => return Err(format!("`{other}` is neither cancel nor rest")),
    };
    Ok(PriceProtection::Within { distance, beyond })
}
