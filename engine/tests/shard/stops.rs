//! When stops and trailing stops are released, and what they do then.

use crate::support::check;

#[test]
fn a_stop_is_released_by_a_touch_and_takes_the_standing_quote() {
    check(
        "hold A AAPL 10 96
         trade AAPL 96x1
         sell A AAPL stop 95 10 as s
         quote AAPL 94.99x100 95.01x100
         trade AAPL 95.01x1
         trade AAPL 95.00x1 => s: triggered 95; s: fill 10@94.99 taker",
    );
    check(
        "quote AAPL 99.90x100 101.10x100
         trade AAPL 99.95x1
         buy A AAPL stop 100 10 as s
         trade AAPL 101x1 => s: triggered 101; s: fill 10@101.1 taker",
    );
}

#[test]
fn a_stop_already_in_the_market_is_refused() {
    check(
        "hold A AAPL 10 100
         trade AAPL 100x1
         sell A AAPL stop 101 10 => rejected STOP_IN_MARKET
         sell A AAPL stop 100 10 => rejected STOP_IN_MARKET
         buy A AAPL stop 100 10 => rejected STOP_IN_MARKET
         buy A AAPL stop-limit 99 98 10 => rejected STOP_IN_MARKET
         sell A AAPL stop 99 10 as s
         replace s stop 100 => refused STOP_IN_MARKET
         replace s stop 99.99
         trade AAPL 99.99x1 => s: triggered 99.99",
    );
}

#[test]
fn a_stop_limit_that_is_released_rests_as_a_limit() {
    check(
        "trade AAPL 101.00x1
         quote AAPL 101.90x10 102.10x10
         buy A AAPL stop-limit 102.00 101.75 10 as s
         trade AAPL 102.05x1 => s: triggered 102.05
         show s => 10 open
         quote AAPL 101.50x10 101.66x10 => s: fill 10@101.75 maker",
    );
}

#[test]
fn a_released_stop_limit_takes_what_is_in_range_once_and_rests() {
    check(
        "quote AAPL 101.40x10 101.60x30
         trade AAPL 101.40x1
         buy A AAPL stop-limit 101.50 101.75 100 as s
         trade AAPL 101.50x1 => s: triggered 101.5; s: fill 30@101.6 taker
         show s => 70 open
         trade AAPL 101.55x1
         quote AAPL 101.40x10 101.60x30
         replace s stop 102 => refused NOT_AMENDABLE
         replace s limit 101.60",
    );
}

#[test]
fn ineligible_prints_and_prints_outside_the_quote_do_not_elect() {
    check(
        "hold A AAPL 10 96
         quote AAPL 95.90x100 96.10x100
         trade AAPL 96x1
         sell A AAPL stop 95 10 as s
         trade AAPL 94.5x1 odd
         trade AAPL 94.0x100
         quote AAPL 93.99x100 94.01x100
         trade AAPL 94.0x100 => s: triggered 94; s: fill 10@93.99 taker",
    );
}

#[test]
fn stops_watch_trades_and_quotes_only_before_the_first_trade() {
    check(
        "hold A AAPL 20 100
         quote AAPL 90x100 110x100
         trade AAPL 100x1
         sell A AAPL stop 95 10
         quote AAPL 91x100 110x100",
    );
    check(
        "hold A AAPL 20 100
         quote AAPL 96x100 110x100
         sell A AAPL stop 95 10 as s
         sell A AAPL trail 2 10 as t
         buy A AAPL stop 111 10 as b
         quote AAPL 98x100 110x100
         quote AAPL 97x100 111x100 => b: triggered 111; b: fill 10@111 taker
         quote AAPL 96x100 112x100 => t: hwm 98; t: triggered 96; t: fill 10@96 taker",
    );
}

#[test]
fn a_stop_sees_the_first_print_after_a_halt() {
    check(
        "hold A AAPL 10 96
         trade AAPL 96x1
         sell A AAPL stop 95 10 as s
         halt AAPL
         trade AAPL 80x1
         resume AAPL
         quote AAPL 79.95x100 80.05x100
         trade AAPL 80x1 => s: triggered 80; s: fill 10@79.95 taker",
    );
}

#[test]
fn a_released_stop_without_a_quote_waits_for_one() {
    check(
        "hold A AAPL 10 96
         trade AAPL 96x1
         sell A AAPL stop 95 10 as s
         sell A AAPL stop 95 0 => rejected INVALID_LOT_SIZE
         trade AAPL 90x1 => s: triggered 90
         quote AAPL 89x100 91x100 => s: fill 10@89 taker",
    );
}

#[test]
fn an_immediate_stop_acts_at_its_release() {
    check(
        "trade AAPL 96x1
         buy A AAPL stop 97 10 ioc as s
         buy A AAPL stop 97 10 fok as k
         show s => 10 open
         quote AAPL 96x1 97x5
         trade AAPL 97x1 => s: triggered 97; s: fill 5@97 taker; s: canceled immediate_or_cancel; k: triggered 97; k: canceled fill_or_kill",
    );
}

#[test]
fn a_trailing_sell_follows_up_and_never_down() {
    check(
        "hold A AAPL 10 100
         trade AAPL 100x1
         sell A AAPL trail 10 10 as t
         trade AAPL 95x1
         trade AAPL 97.5x1
         flush
         trade AAPL 105x1
         flush => t: hwm 105
         quote AAPL 94.99x100 95.05x100
         trade AAPL 95x1 => t: triggered 95; t: fill 10@94.99 taker",
    );
}

#[test]
fn a_percent_trails_its_mark() {
    check(
        "hold A AAPL 10 100
         trade AAPL 100x1
         sell A AAPL trail 10% 10 as t
         trade AAPL 105x1
         trade AAPL 94.51x1
         trade AAPL 94.50x1 => t: hwm 105; t: triggered 94.5",
    );
}

#[test]
fn a_trailing_buy_follows_down() {
    check(
        "trade AAPL 100x1
         buy A AAPL trail 5 10 as t
         cash A => 1000000 free 998950
         trade AAPL 90x1
         flush => t: hwm 90
         trade AAPL 94.99x1
         trade AAPL 95x1 => t: triggered 95",
    );
}

#[test]
fn a_trailing_stop_that_gaps_fills_at_the_market() {
    check(
        "hold A AAPL 10 100
         trade AAPL 100x1
         sell A AAPL trail 5 10 as t
         quote AAPL 89.95x100 90.05x100
         trade AAPL 90x1 => t: triggered 90; t: fill 10@89.95 taker",
    );
}

#[test]
fn a_trailing_stop_without_a_reference_starts_at_the_first_one() {
    check(
        "hold A AAPL 10 100
         sell A AAPL trail 5 10 as t
         trade AAPL 60x1
         flush => t: hwm 60
         trade AAPL 55.01x1
         trade AAPL 55x1 => t: triggered 55",
    );
}

#[test]
fn a_replaced_trail_keeps_its_mark_and_must_stay_out_of_the_market() {
    check(
        "hold A AAPL 10 110
         trade AAPL 110x1
         sell A AAPL trail 10 10 as t
         trade AAPL 112x1
         trade AAPL 106x1
         replace t trail 5 => refused STOP_IN_MARKET
         replace t trail 3% => refused NOT_AMENDABLE
         replace t trail 7
         trade AAPL 105.01x1
         trade AAPL 105x1 => t: triggered 105",
    );
}

#[test]
fn marks_of_many_orders_move_together_and_apart() {
    check(
        "hold A AAPL 40 100
         trade AAPL 100x1
         sell A AAPL trail 10 10 as a
         trade AAPL 96x1
         sell A AAPL trail 5 10 as b
         trade AAPL 99x1
         flush => b: hwm 99
         sell A AAPL trail 3% 10 as c
         trade AAPL 101x1
         flush => a: hwm 101; b: hwm 101; c: hwm 101
         restart
         trade AAPL 97.98x1
         trade AAPL 97.97x1 => c: triggered 97.97
         cancel a => canceled requested
         trade AAPL 96x1 => b: triggered 96",
    );
}

#[test]
fn released_stops_act_in_the_order_of_time() {
    check(
        "hold A AAPL 20 100
         trade AAPL 100x1
         sell A AAPL trail 5 10 as t
         sell A AAPL stop 96 10 as s
         quote AAPL 94.9x15 95.1x10
         trade AAPL 95x1 => t: triggered 95; t: fill 10@94.9 taker; s: triggered 95; s: fill 5@94.9 taker",
    );
}
