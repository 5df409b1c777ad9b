//! What opening hours allow, and when day orders end.

use crate::support::{check, check_before_time};

#[test]
fn a_day_order_ends_exactly_at_the_close() {
    check(
        "xnys
         buy A AAPL limit 10 1 day as d
         at 2026-03-02T20:59:59.999Z
         show d => 1 open
         at 2026-03-02T21:00:00Z => d: expired 2026-03-02T21:00:00Z
         cash A => 1000000 free 1000000",
    );
}

#[test]
fn an_expiry_has_its_own_instant_however_late_time_is_told() {
    check(
        "xnys
         buy A AAPL limit 10 1 day as d
         at 2026-03-05T12:00:00Z => d: expired 2026-03-02T21:00:00Z",
    );
}

#[test]
fn the_real_close_counts_on_short_days_and_across_the_clock_change() {
    check(
        "xnys
         at 2026-03-06T15:00:00Z
         buy A AAPL limit 10 1 day as friday
         at 2026-03-09T14:00:00Z => friday: expired 2026-03-06T21:00:00Z
         buy A AAPL limit 10 1 day as monday
         at 2026-03-09T20:00:00Z => monday: expired 2026-03-09T20:00:00Z
         at 2026-11-27T15:00:00Z
         buy A AAPL limit 10 1 day as short
         at 2026-11-27T18:00:00Z => short: expired 2026-11-27T18:00:00Z",
    );
}

#[test]
fn a_day_order_sent_while_closed_belongs_to_the_next_session() {
    check(
        "xnys
         at 2026-03-06T22:00:00Z
         buy A AAPL limit 10 1 day as d
         quote AAPL 9.00x100 9.02x100
         at 2026-03-09T13:29:59Z
         quote AAPL 9.01x100 9.03x100
         at 2026-03-09T13:30:00Z
         quote AAPL 9.01x100 9.03x100 => d: fill 1@10 maker
         buy A AAPL limit 9 1 day as e
         at 2026-03-10T00:00:00Z => e: expired 2026-03-09T20:00:00Z",
    );
}

#[test]
fn an_order_that_crosses_at_its_last_instant_is_expired_first() {
    check(
        "xnys
         quote AAPL 9.00x100 10.02x100
         buy A AAPL limit 10 1 day as d
         at 2026-03-02T21:00:00Z => d: expired 2026-03-02T21:00:00Z
         quote AAPL 9.00x100 9.02x100",
    );
}

#[test]
fn crypto_days_end_at_midnight_utc() {
    check(
        "xnys
         buy A BTC/USD limit 10 1 day as d
         at 2026-03-03T00:00:00Z => d: expired 2026-03-03T00:00:00Z",
    );
}

#[test]
fn immediate_orders_sent_while_closed_end_at_once() {
    check(
        "xnys
         at 2026-03-02T22:00:00Z
         quote AAPL 10.00x100 10.02x100
         buy A AAPL market 1 ioc => canceled immediate_or_cancel
         buy A AAPL market 1 fok => canceled fill_or_kill
         buy A AAPL market 1 as m
         trade AAPL 10.02x100
         show m => 1 open",
    );
}

#[test]
fn outside_the_session_nothing_triggers_or_ratchets() {
    check(
        "xnys
         hold A AAPL 20 100
         trade AAPL 100x1
         sell A AAPL stop 95 10 as s
         sell A AAPL trail 10 10 as t
         at 2026-03-02T22:00:00Z
         trade AAPL 120x1
         trade AAPL 94x1
         flush
         at 2026-03-03T14:30:00Z
         quote AAPL 99.9x100 100.1x100
         trade AAPL 100x1
         trade AAPL 99.9x1",
    );
}

#[test]
fn a_standing_order_survives_sessions() {
    check(
        "xnys
         buy A AAPL limit 10 1 gtc as g
         at 2026-03-09T15:00:00Z
         show g => 1 open
         quote AAPL 9.00x100 9.02x100 => g: fill 1@10 maker",
    );
}

#[test]
fn a_time_in_force_can_be_exchanged() {
    check(
        "xnys
         buy A AAPL limit 10 1 gtc as g
         replace g tif day
         at 2026-03-02T21:00:00Z => g: expired 2026-03-02T21:00:00Z",
    );
}

#[test]
fn a_day_order_skips_a_holiday() {
    check(
        "xnys
         at 2026-05-22T21:00:00Z
         buy A AAPL limit 10 1 day as d
         at 2026-05-25T15:00:00Z
         quote AAPL 9.00x100 9.02x100
         at 2026-05-27T00:00:00Z => d: expired 2026-05-26T20:00:00Z",
    );
}

#[test]
fn an_expiry_runs_before_the_tick_that_brings_its_time() {
    check(
        "xnys
         quote AAPL 9.00x100 10.02x100
         buy A AAPL limit 10 1 day as d
         clock 2026-03-02T21:00:00Z
         trade AAPL 9.99x100 seller => d: expired 2026-03-02T21:00:00Z
         show d => gone",
    );
}

#[test]
fn a_day_order_that_came_before_any_time_gets_its_day_with_the_first() {
    check_before_time(
        "buy A AAPL limit 10 1 day as d
         buy A AAPL limit 10 1 gtc as g
         buy A AAPL limit 9 1 day as c
         cancel c => canceled requested
         at 2013-10-07T14:00:00Z
         at 2013-10-07T20:00:00Z => d: expired 2013-10-07T20:00:00Z
         show g => 1 open",
    );
}

#[test]
fn a_print_outside_the_session_is_not_what_stops_start_from() {
    check(
        "xnys
         hold A AAPL 20 100
         at 2026-03-02T22:00:00Z
         trade AAPL 120x1
         at 2026-03-03T14:30:00Z
         sell A AAPL stop 125 10 as s
         trade AAPL 100x1 => s: triggered 100
         quote AAPL 99x100 101x100 => s: fill 10@99 taker",
    );
}
