//! Lists: one page, and where the next begins.

use crate::problem::Problem;
use model::limits::PAGE_ROWS_MAX;
use serde::Serialize;
use utoipa::ToSchema;

/// Rows of a page when the client does not say.
const PAGE_ROWS_DEFAULT: usize = 100;

/// One page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// The rows.
    pub(crate) results: Vec<T>,
    /// What to send as `cursor` for the next page; null at the end.
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// A list that always fits one page.
    pub(crate) fn whole(results: Vec<T>) -> Self {
        Self { results, next: None }
    }

    /// A page of `limit` rows, from rows of which one more than that was read where there is more.
    pub(crate) fn cut(mut results: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Self {
        let more = results.len() > limit;
        results.truncate(limit);
        let next = if more { results.last().map(cursor) } else { None };
        Self { results, next }
    }
}

/// The rows of a page, from the query's `limit`.
pub(crate) fn page_limit(limit: Option<&str>) -> Result<usize, Problem> {
    match limit {
        None => Ok(PAGE_ROWS_DEFAULT),
        Some(text) => match text.parse::<usize>() {
            Ok(limit @ 1..=PAGE_ROWS_MAX) => Ok(limit),
            Ok(_) | Err(_) => Err(Problem::invalid("limit", format!("must be between 1 and {PAGE_ROWS_MAX}"))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_whether_there_is_more() {
        let page = Page::cut(vec![3, 2, 1], 2, i32::to_string);
        assert_eq!((page.results, page.next.as_deref()), (vec![3, 2], Some("2")));
        assert_eq!(Page::cut(vec![3, 2], 2, i32::to_string).next, None);
        assert_eq!(Page::cut(Vec::new(), 2, i32::to_string).next, None);
    }

    #[test]
    fn limits_are_between_1_and_500() {
        for (text, expected) in [(None, Some(100)), (Some("1"), Some(1)), (Some("500"), Some(500))] {
            assert_eq!(page_limit(text).ok(), expected);
        }
        for odd in ["0", "501", "-1", "x", "", "99999999999999999999"] {
            assert!(page_limit(Some(odd)).is_err(), "{odd}");
        }
    }
}
