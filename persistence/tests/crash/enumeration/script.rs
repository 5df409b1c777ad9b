//! What is appended: batches of events that are known by their place, and the states after them.

use super::cells::{Cell, CellKind, fingerprint, shard_config};
use engine::Shard;
use model::{
    Command, Currency, Event, EventBody, ExecutionProfile, FlowKind, Money, Note, Origin, PortfolioId,
    PortfolioSeq, Request, RiskLimits, ShardId, ShardSeq, SubmittedBy, TickSeq, Time, UserId,
};
use persistence::snapshot::Fold;
use persistence::{AppendError, Journal, ShardBatch};

/// The batches of one append.
pub type Transaction = Vec<(u16, Vec<Event>)>;

/// A plain event: a function of who makes it and its place.
fn event(maker: u32, shard: u16, seq: u64) -> Event {
    Event {
        portfolio: PortfolioId::new(u32::from(shard) + 2),
        seq: PortfolioSeq::new(seq),
        time: Time::from_seconds(1_700_000_000 + i64::try_from(seq).expect("small")),
        tick: TickSeq::new(seq * 3),
        body: EventBody::CashFlowed {
            kind: if seq.is_multiple_of(2) { FlowKind::Deposit } else { FlowKind::Withdrawal },
            amount: Money::from_raw(i128::from(seq) * 1_000_003 + i128::from(shard)),
            note: Note::parse(&format!("maker {maker} shard {shard} event {seq}")).expect("a short note"),
            by: SubmittedBy { user: UserId::new(7), origin: Origin::Manual },
        },
    }
}

/// How many events each shard makes in the transaction with this number, from 0.
pub type Sizes = fn(u64, u16) -> u64;

/// A transaction of plain events on these states, which are moved on; at least one event.
pub fn plain(cells: &mut [Cell], maker: u32, number: u64, sizes: Sizes) -> Transaction {
    let mut made = Transaction::new();
    for (shard, cell) in (0_u16..).zip(cells) {
        let first = cell.seq() + 1;
        let events: Vec<Event> =
            (first..first + sizes(number, shard)).map(|seq| event(maker, shard, seq)).collect();
        events.iter().for_each(|event| cell.fold(event));
        if !events.is_empty() {
            made.push((shard, events));
        }
    }
    made
}

/// A transaction that only this maker makes, on these states, which are moved on.
pub fn one_more(kind: CellKind, cells: &mut [Cell], maker: u32) -> Transaction {
    match kind {
        CellKind::Plain => plain(cells, maker, u64::from(maker), |_, shard| 1 + u64::from(shard % 2)),
        CellKind::Engine => {
            let mut made = Transaction::new();
            for (shard, cell) in (0_u16..).zip(cells) {
                let Cell::Engine(state) = cell else { continue };
                made.push((shard, opened(state, 1_000 * maker + u32::from(shard))));
            }
            made
        }
    }
}

/// A portfolio is opened.
fn opened(shard: &mut Shard, portfolio: u32) -> Vec<Event> {
    let command = Command::OpenPortfolio {
        portfolio: PortfolioId::new(portfolio),
        currency: Currency::Usd,
        starting_balance: Money::whole(100_000),
        limits: RiskLimits::default(),
        profile: Box::new(ExecutionProfile::REALISTIC),
    };
    let by = SubmittedBy { user: UserId::new(1), origin: Origin::Manual };
    let mut events = Vec::new();
    let now = shard.now().max(Time::from_seconds(1_700_000_000));
    shard.apply(&Request { by, command }, now, &mut events);
    events
}

/// Appends a transaction to a journal whose shards stand just before it.
///
/// # Errors
/// When the disk fails.
pub fn append(journal: &mut Journal, transaction: &Transaction) -> Result<(), AppendError> {
    let heads: Vec<ShardSeq> = journal.heads().iter().map(|head| head.seq).collect();
    let batches: Vec<ShardBatch<'_>> = transaction
        .iter()
        .map(|(shard, events)| ShardBatch {
            shard: ShardId::new(*shard),
            first_seq: heads[usize::from(*shard)].next(),
            time: events[0].time,
            events,
        })
        .collect();
    journal.append(&batches)
}

/// Copies of states, by way of their images.
pub fn copies(kind: CellKind, cells: &[Cell]) -> Vec<Cell> {
    cells.iter().map(|cell| Cell::restore(kind, &cell.image())).collect()
}

/// What is appended, and the states before, between and after.
pub struct Script {
    pub transactions: Vec<Transaction>,
    /// One more than transactions.
    pub states: Vec<u128>,
}

impl Script {
    /// Plain transactions from empty shards on.
    pub fn plain(shards: u16, count: u64, sizes: Sizes) -> Self {
        let mut cells = super::cells::empty(CellKind::Plain, shards);
        let mut script = Self { transactions: Vec::new(), states: vec![fingerprint(&cells)] };
        for number in 0..count {
            script.transactions.push(plain(&mut cells, 0, number, sizes));
            script.states.push(fingerprint(&cells));
        }
        script
    }

    /// The transactions that engine shards made, folded by fresh ones.
    pub fn engine(shards: u16, transactions: Vec<Transaction>) -> Self {
        let mut cells = super::cells::empty(CellKind::Engine, shards);
        let mut states = vec![fingerprint(&cells)];
        for transaction in &transactions {
            for (shard, events) in transaction {
                events.iter().for_each(|event| cells[usize::from(*shard)].fold(event));
            }
            states.push(fingerprint(&cells));
        }
        Self { transactions, states }
    }
}

/// A shard of the proofs, empty.
pub fn empty_shard() -> Shard {
    Shard::new(shard_config())
}
