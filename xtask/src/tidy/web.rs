//! Rules for the web interface.

use super::File;

/// What only these may do: speak to the network.
const NETWORK_FOLDER: &str = "web/src/api/";
/// Where money becomes something to look at.
const MONEY_FILES: [&str; 2] = ["web/src/format.ts", "web/src/decimal.ts"];
/// Words that say that a number is money, a price or a quantity.
const MONEY_WORDS: [&str; 12] =
    ["price", "cash", "money", "amount", "equity", "pnl", "balance", "notional", "cost", "bid", "ask", "qty"];

pub(super) fn check(file: &File, breaches: &mut Vec<String>) {
    if !file.path.starts_with("web/src/") || file.path.ends_with("schema.d.ts") {
        return;
    }
    let is_stand_in = file.path.contains("/mocks/") || file.path.contains(".test.");
    for (index, line) in file.text.lines().enumerate() {
        let mut report = |what: &str| breaches.push(format!("{}:{}: {what}", file.path, index + 1));
        let code = line.split("//").next().unwrap_or_default().trim();
        if code.starts_with('*') || code.starts_with("/*") {
            continue;
        }
        if has_any(code) {
            report("the type any");
        }
        if code.starts_with("export default") {
            report("a default export");
        }
        let speaks = ["fetch", "WebSocket", "EventSource"].iter().any(|function| calls(code, function));
        if speaks && !is_stand_in && !file.path.starts_with(NETWORK_FOLDER) {
            report("only web/src/api speaks to the network");
        }
        let converts = calls(code, "Number") || calls(code, "parseFloat");
        let lower = code.to_lowercase();
        let is_money = MONEY_WORDS.iter().any(|word| lower.contains(word));
        if converts && is_money && !is_stand_in && !MONEY_FILES.contains(&file.path.as_str()) {
            report("money becomes a number only in format.ts and decimal.ts");
        }
        if let Some(other) = feature_imported(&file.path, code) {
            report(&format!("a feature imports the feature {other}"));
        }
    }
}

/// Whether a line calls exactly this function, not one whose name ends like it.
fn calls(code: &str, function: &str) -> bool {
    code.match_indices(&format!("{function}(")).any(|(place, _)| {
        let before = code[..place].chars().next_back();
        !before.is_some_and(|character| character.is_alphanumeric() || "_$.".contains(character))
    })
}

fn has_any(code: &str) -> bool {
    [": any", "as any", "<any>", "<any,", ", any>", "any[]"].iter().any(|form| {
        code.match_indices(form).any(|(place, _)| {
            let after = code[place + form.len()..].chars().next();
            form.ends_with(['>', ',', ']']) || !after.is_some_and(|next| next.is_alphanumeric() || next == '_')
        })
    })
}

/// The other feature that a line of a feature's file imports.
fn feature_imported(path: &str, code: &str) -> Option<String> {
    let own = path.strip_prefix("web/src/features/")?.split('/').next()?;
    let source = code.split_once("from ")?.1.trim_matches(['"', '\'', ';', ' ']);
    let named = match source.split_once("features/") {
        Some((_, rest)) => rest.split('/').next()?.to_owned(),
        None => relative_feature(path, source)?,
    };
    (named != own).then_some(named)
}

fn relative_feature(path: &str, source: &str) -> Option<String> {
    if !source.starts_with('.') {
        return None;
    }
    let mut folders: Vec<&str> = path.split('/').collect();
    folders.pop();
    for part in source.split('/') {
        match part {
            "." => {}
            ".." => drop(folders.pop()),
            _ => folders.push(part),
        }
    }
    folders.join("/").strip_prefix("web/src/features/")?.split('/').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_line(path: &str, line: &str, expected: usize) {
        let mut breaches = Vec::new();
        check(&File { path: path.to_owned(), text: line.to_owned() }, &mut breaches);
        assert_eq!(breaches.len(), expected, "{line}: {breaches:?}");
    }

    #[test]
    fn the_web_rules_hold() {
        let feature = "web/src/features/trade/Ticket.tsx";
        check_line(feature, "const a: any = 1", 1);
        check_line(feature, "const a: anything = company", 0);
        check_line(feature, "export default function A() {}", 1);
        check_line(feature, "await fetch(url)", 1);
        check_line(feature, "await query.refetch()", 0);
        check_line(feature, "price: toChartNumber(price)", 0);
        check_line("web/src/api/client.ts", "await fetch(url)", 0);
        check_line(feature, "const price = Number(quote.bid)", 1);
        check_line("web/src/format.ts", "const price = Number(quote.bid)", 0);
        check_line(feature, "import { A } from '../auth/A'", 1);
        check_line(feature, "import { A } from './A'", 0);
        check_line(feature, "import { A } from '@/features/auth/A'", 1);
        check_line(feature, "// const a: any", 0);
    }
}
