//! What runs came to, beside what was published.

use rust_decimal::Decimal;
use std::fmt;

/// Half a cent and a little: figures are published in cents, rounded in whatever way.
fn tolerance() -> Decimal {
    Decimal::new(51, 4)
}

/// One figure of a run.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) ours: Decimal,
    pub(crate) published: Decimal,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) run: String,
    pub(crate) figures: Vec<Figure>,
    /// A figure that is another one, for a reason that is known and stands in the remark.
    pub(crate) explained: Option<Figure>,
    /// What of it stands in for something that the engine has not, or why it is not repeated.
    pub(crate) remark: String,
}

impl Row {
    /// The first figure that is another one.
    pub(crate) fn difference(&self) -> Option<String> {
        let differs = |figure: &&Figure| (figure.ours - figure.published).abs() > tolerance();
        let figure = self.figures.iter().find(differs)?;
        Some(format!("{}: {} is {}, published is {}", self.run, figure.name, figure.ours, figure.published))
    }
}

#[derive(Debug, Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    pub(crate) fn add(&mut self, rows: Vec<Row>) {
        self.0.extend(rows);
        self.0.sort_by(|one, other| one.run.cmp(&other.run));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "what others published, and what it came to here:")?;
        for row in &self.0 {
            let said = match (row.figures.is_empty(), row.difference(), &row.explained) {
                (true, ..) => "not repeated",
                (false, None, None) => "equal",
                (false, None, Some(_)) => "explained",
                (false, Some(_), _) => "DIFFERS",
            };
            write!(out, "  {:<72} {said:<13}", row.run)?;
            for Figure { name, ours, published } in row.figures.iter().chain(&row.explained) {
                let (ours, published) = (ours.round_dp(4).normalize(), published.normalize());
                write!(out, " {name} {ours} ({published})")?;
            }
            writeln!(out, "{}{}", if row.remark.is_empty() { "" } else { "  " }, row.remark)?;
        }
        Ok(())
    }
}
