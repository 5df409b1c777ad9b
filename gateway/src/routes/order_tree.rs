//! Orders with what hangs on them.
//!
//! The orders of a chain have numbers that follow one another, so that each is found by itself and no list
//! of children is kept anywhere.

use crate::dto::{OrderView, parent};
use crate::ids::Ids;
use model::{OrderId, OrderNumber};
use persistence::OrderRow;
use runtime::{Handle, ViewError};
use std::collections::{BTreeMap, BTreeSet};

/// An order, its legs under it, theirs under them.
///
/// # Errors
/// When the views cannot be read.
pub(crate) fn tree(handle: &Handle, ids: &Ids, row: &OrderRow) -> Result<OrderView, ViewError> {
    let mut children: BTreeMap<OrderId, Vec<OrderRow>> = BTreeMap::new();
    for number in 1..=row.legs.map_or(0, |legs| u32::from(legs.count)) {
        let id = OrderId::of(row.id.portfolio(), OrderNumber::new(row.id.number().get() + number));
        if let Some(leg) = handle.order(id)? {
            children.entry(parent(&leg).unwrap_or(row.id)).or_default().push(leg);
        }
    }
    Ok(branch(ids, row, &mut children))
}

fn branch(ids: &Ids, row: &OrderRow, children: &mut BTreeMap<OrderId, Vec<OrderRow>>) -> OrderView {
    let mut view = OrderView::of(row, ids);
    if row.legs.is_some() {
        let own = children.remove(&row.id).unwrap_or_default();
        view.legs = Some(own.iter().map(|leg| branch(ids, leg, children)).collect());
    }
    view
}

/// The first orders of the chains that these rows belong to, each once, newest first, but those that a page
/// which ended at `before` has shown already.
///
/// # Errors
/// When the views cannot be read.
pub(crate) fn roots(
    handle: &Handle,
    rows: Vec<OrderRow>,
    before: Option<OrderId>,
) -> Result<Vec<OrderRow>, ViewError> {
    let (mut seen, mut roots) = (BTreeSet::new(), Vec::new());
    for row in rows {
        let mut root = row;
        while let Some(above) = parent(&root) {
            let Some(found) = handle.order(above)? else { break };
            root = found;
        }
        let last = root.id.number().get() + root.legs.map_or(0, |legs| u32::from(legs.count));
        let was_shown = before.is_some_and(|before| before.number().get() <= last && before > root.id);
        if !was_shown && seen.insert(root.id) {
            roots.push(root);
        }
    }
    Ok(roots)
}
