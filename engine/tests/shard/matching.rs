//! How market and limit orders meet quotes and trades.

use crate::support::check;

#[test]
fn market_orders_take_the_displayed_other_side() {
    check(
        "quote AAPL 10.00x500 10.02x300
         buy A AAPL market 100 => fill 100@10.02 taker
         sell A AAPL market 100 => fill 100@10 taker
         position A AAPL => 0 cost 0 pnl -2
         cash A => 999998 free 999998",
    );
}

#[test]
fn two_orders_share_one_displayed_size() {
    check(
        "quote AAPL 10.00x500 10.02x100
         buy A AAPL market 60 as a => fill 60@10.02 taker
         buy A AAPL market 60 as b => fill 40@10.02 taker
         quote AAPL 10.00x500 10.02x100
         quote AAPL 9.99x500 10.02x100
         quote AAPL 9.99x500 10.03x100 => b: fill 20@10.03 taker
         show a => gone
         show b => gone",
    );
}

#[test]
fn portfolios_do_not_take_from_each_other() {
    check(
        "open B 5000
         quote AAPL 10.00x500 10.02x100
         buy A AAPL market 100 => fill 100@10.02 taker
         buy B AAPL market 100 => fill 100@10.02 taker",
    );
}

#[test]
fn a_market_order_without_any_quote_waits() {
    check(
        "buy A AAPL market 10 as m
         show m => 10 open
         quote AAPL 10.00x500 10.02x300 => m: fill 10@10.02 taker",
    );
}

#[test]
fn a_stale_quote_fills_nothing_until_a_new_one_comes() {
    check(
        "quote AAPL 10.00x500 10.02x300
         at 2026-03-02T17:00:00.000000001Z
         buy A AAPL market 10 as m
         quote AAPL 10.98x500 11.00x300 => m: fill 10@11 taker
         at 2026-03-02T18:00:00.000000001Z
         buy A AAPL market 10 as n => fill 10@11 taker
         at 2026-03-02T18:00:00.000000002Z
         buy A AAPL market 10 ioc => canceled immediate_or_cancel",
    );
}

#[test]
fn a_lost_feed_makes_quotes_stale_and_a_repeated_one_fresh_again() {
    check(
        "quote AAPL 10.00x500 10.02x300
         feed-lost
         buy A AAPL market 10 as m
         quote AAPL 10.00x500 10.02x300 => m: fill 10@10.02 taker",
    );
}

#[test]
fn nothing_fills_against_a_crossed_quote() {
    check(
        "hold A AAPL 10 10.00
         quote AAPL 10.05x100 10.02x100
         buy A AAPL market 10 as m
         sell A AAPL market 10 as s
         quote AAPL 10.01x100 10.02x100 => m: fill 10@10.02 taker; s: fill 10@10.01 taker",
    );
}

#[test]
fn a_missing_side_fills_nothing_and_replaces_the_earlier_one() {
    check(
        "quote AAPL 10.00x100 10.02x100
         quote AAPL 10.00x100 -
         buy A AAPL market 10 as m
         quote AAPL 10.00x100 10.04x100 => m: fill 10@10.04 taker",
    );
}

#[test]
fn a_locked_quote_can_be_traded_on() {
    check("quote AAPL 10.02x100 10.02x100\nbuy A AAPL market 10 => fill 10@10.02 taker");
}

#[test]
fn nothing_fills_while_halted() {
    check(
        "quote AAPL 10.00x500 10.02x300
         halt AAPL
         buy A AAPL market 10 as m
         quote AAPL 11.00x500 11.02x300
         quote AAPL 11.01x500 11.03x300
         resume AAPL
         quote AAPL 11.98x500 12.00x300 => m: fill 10@12 taker",
    );
}

#[test]
fn a_marketable_limit_takes_at_the_better_price() {
    check(
        "quote AAPL 10.00x500 10.02x300
         buy A AAPL limit 10.05 100 => fill 100@10.02 taker
         cash A => 998998 free 998998",
    );
}

#[test]
fn a_marketable_limit_rests_with_what_was_not_displayed() {
    check(
        "quote AAPL 10.00x500 10.02x300
         buy A AAPL limit 10.02 500 as l => fill 300@10.02 taker
         show l => 200 open
         cash A => 996994 free 994990
         quote AAPL 10.00x500 10.02x300
         quote AAPL 10.00x500 10.02x150 => l: fill 150@10.02 maker
         quote AAPL 10.00x500 10.01x90 => l: fill 50@10.02 maker",
    );
}

#[test]
fn a_trade_through_a_limit_fills_up_to_its_size() {
    check(
        "quote AAPL 10.00x500 10.02x300
         buy A AAPL limit 10.00 100 as l
         trade AAPL 9.99x40 seller => l: fill 40@10 maker
         show l => 60 open",
    );
}

#[test]
fn only_the_hitting_aggressor_fills_a_resting_limit() {
    check(
        "hold A AAPL 50 10.00
         quote AAPL 9.90x100 10.10x100
         buy A AAPL limit 10.00 50 as b
         sell A AAPL limit 10.05 50 as s
         trade AAPL 10.00x40 buyer
         trade AAPL 10.05x40 seller
         trade AAPL 10.00x40 seller => b: fill 40@10 maker
         trade AAPL 10.05x40 buyer => s: fill 40@10.05 maker",
    );
}

#[test]
fn trades_use_up_the_queue_ahead_first() {
    check(
        "quote AAPL 10.00x100 10.02x300
         buy A AAPL limit 10.00 100 as l
         trade AAPL 10.00x80 seller
         trade AAPL 10.00x30 seller => l: fill 10@10 maker
         trade AAPL 10.00x50 seller => l: fill 50@10 maker
         show l => 40 open",
    );
}

#[test]
fn orders_of_one_portfolio_share_one_trade() {
    check(
        "open B 5000
         quote AAPL 9.90x100 10.20x300
         buy A AAPL limit 10.00 30 as first
         buy A AAPL limit 10.00 30 as second
         buy A AAPL limit 10.01 30 as better
         buy B AAPL limit 10.00 30 as other
         trade AAPL 10.00x50 seller => better: fill 30@10.01 maker; first: fill 20@10 maker; other: fill 30@10 maker
         show second => 30 open",
    );
}

#[test]
fn a_queue_is_joined_behind_what_is_displayed_and_kept_only_by_a_smaller_quantity() {
    // Each replace ends with 100 ahead again, but the first, which keeps the 20 left of 100.
    check(
        "quote AAPL 10.00x100 10.02x300
         buy A AAPL limit 10.00 100 as l
         trade AAPL 10.00x80 seller
         replace l qty 60
         trade AAPL 10.00x30 seller => l: fill 10@10 maker
         replace l qty 100
         trade AAPL 10.00x90 seller
         trade AAPL 10.00x20 seller => l: fill 10@10 maker
         replace l limit 9.99
         replace l limit 10.00
         trade AAPL 10.00x110 seller => l: fill 10@10 maker",
    );
}

#[test]
fn a_queue_is_unknown_after_a_restart_until_a_quote_tells() {
    check(
        "quote AAPL 10.00x100 10.02x300
         buy A AAPL limit 10.00 100 as l
         restart
         trade AAPL 10.00x500 seller
         quote AAPL 10.00x40 10.02x300
         trade AAPL 10.00x50 seller => l: fill 10@10 maker",
    );
}

#[test]
fn a_quote_that_crosses_a_resting_limit_fills_it_at_its_limit() {
    check(
        "quote AAPL 9.97x500 10.05x300
         buy A AAPL limit 10.00 80 as l
         quote AAPL 9.97x500 9.98x50 => l: fill 50@10 maker
         show l => 30 open",
    );
}

#[test]
fn better_limits_and_earlier_orders_come_first_and_markets_before_both() {
    check(
        "buy A AAPL limit 10.00 10 as early
         buy A AAPL limit 10.01 10 as better
         buy A AAPL limit 10.00 10 as late
         buy A AAPL market 10 as market
         quote AAPL 9.98x10 10.00x35 => market: fill 10@10 taker; better: fill 10@10.01 maker; early: fill 10@10 maker; late: fill 5@10 maker",
    );
}

#[test]
fn an_unsigned_trade_is_judged_by_the_quote_and_then_by_the_tick() {
    check(
        "quote AAPL 9.90x100 10.10x100
         buy A AAPL limit 10.00 10 as mid
         buy A AAPL limit 9.95 10 as low
         trade AAPL 9.95x4 => mid: fill 4@10 maker
         trade AAPL 10.00x4 => 
         quote AAPL - 10.10x100
         trade AAPL 10.01x4
         trade AAPL 10.00x4 => mid: fill 4@10 maker",
    );
    check(
        "buy A AAPL limit 10.00 10 as b
         quote AAPL 9.00x1 -
         trade AAPL 10.00x4 => b: fill 4@10 maker",
    );
}

#[test]
fn older_exchange_time_is_ignored() {
    check(
        "quote AAPL 10.00x500 10.02x300
         tick-back
         quote AAPL 9.00x500 9.02x300
         tick-on
         buy A AAPL market 10 => fill 10@10.02 taker",
    );
}

#[test]
fn immediate_orders_take_what_is_there_and_end() {
    check(
        "quote AAPL 10.00x500 10.02x300
         buy A AAPL limit 10.02 500 ioc => fill 300@10.02 taker; canceled immediate_or_cancel
         buy A AAPL limit 10.01 10 ioc => canceled immediate_or_cancel
         quote AAPL 10.00x500 10.03x300
         buy A AAPL limit 10.03 400 fok => canceled fill_or_kill
         buy A AAPL limit 10.02 100 fok => canceled fill_or_kill
         buy A AAPL limit 10.03 250 fok => fill 250@10.03 taker
         buy A AAPL limit 10.03 100 fok => canceled fill_or_kill
         feed-lost
         buy A AAPL market 10 ioc => canceled immediate_or_cancel
         cash A => 994486.5 free 994486.5",
    );
}

#[test]
fn an_amount_buys_whole_lots_and_completes_when_the_rest_buys_none() {
    check(
        "quote BTC/USD 299x5 300x5
         buy A BTC/USD market $1000 as n => fill 3.33333333@300 taker
         show n => gone
         quote AAPL 10.00x500 30.00x20
         buy A AAPL market $1000 as m => fill 20@30 taker
         show m => $400 open
         quote AAPL 10.00x500 40.00x20 => m: fill 10@40 taker
         show m => gone",
    );
    check(
        "quote AAPL 299x5 300x5
         buy A AAPL market $299 => rejected AMOUNT_TOO_SMALL
         buy A AAPL limit 100 $99.99 => rejected AMOUNT_TOO_SMALL
         buy A AAPL limit 100 $250 as l
         cash A => 1000000 free 999750
         quote AAPL 90x5 95x5 => l: fill 2@100 maker
         cash A => 999800 free 999800",
    );
}

#[test]
fn an_amount_can_be_sold() {
    check(
        "hold A AAPL 10 10.00
         quote AAPL 30.00x20 30.05x20
         sell A AAPL market $100 => fill 3@30 taker
         sell A AAPL limit 40 $400 => rejected INSUFFICIENT_QUANTITY
         position A AAPL => 7 cost 70 pnl 60",
    );
    // Four are held back for the 80 left at 20; at 10 that needs eight, and the rest is promised.
    check(
        "hold A AAPL 9 10.00
         quote AAPL 20.00x1 20.05x20
         sell A AAPL market $100 as s => fill 1@20 taker
         sell A AAPL limit 30 4 as other
         quote AAPL 10.00x1 20.05x20 => s: fill 1@10 taker
         sell A AAPL limit 30 1 => rejected INSUFFICIENT_QUANTITY
         quote AAPL 9.99x20 20.05x20 => s: fill 3@9.99 taker; s: canceled insufficient_buying_power",
    );
}

#[test]
fn a_market_buy_that_runs_away_fills_what_can_be_paid() {
    check(
        "open B 1000
         quote AAPL 9.99x10 10.00x10
         buy B AAPL market 100 as m => fill 10@10 taker
         cash B => 900 free 0
         quote AAPL 19.99x10 20.00x100 => m: fill 45@20 taker; m: canceled insufficient_buying_power
         cash B => 0 free 0",
    );
    check(
        "open B 1000
         buy B AAPL market 100 fok => canceled fill_or_kill
         buy B AAPL market 100 as m
         quote AAPL 10.98x500 11.00x500 => m: fill 90@11 taker; m: canceled insufficient_buying_power",
    );
}

#[test]
fn average_cost_and_realised_profit_are_exact() {
    check(
        "quote AAPL 9.99x500 10.00x100
         buy A AAPL market 1 => fill 1@10 taker
         quote AAPL 9.99x500 10.01x2
         buy A AAPL market 2 => fill 2@10.01 taker
         position A AAPL => 3 cost 30.02 pnl 0
         sell A AAPL market 1 => fill 1@9.99 taker
         position A AAPL => 2 cost 20.01333333 pnl -0.01666667
         sell A AAPL market 2 => fill 2@9.99 taker
         position A AAPL => 0 cost 0 pnl -0.05",
    );
}

#[test]
fn each_side_of_a_quote_is_spent_and_restored_by_itself() {
    check(
        "hold A AAPL 100 10.00
         quote AAPL 10.00x30 10.02x30
         sell A AAPL market 40 as s => fill 30@10 taker
         buy A AAPL market 40 as b => fill 30@10.02 taker
         quote AAPL 10.00x31 10.02x30 => s: fill 10@10 taker
         quote AAPL 10.00x31 10.02x31 => b: fill 10@10.02 taker",
    );
}

#[test]
fn a_quote_that_is_uncrossed_by_its_other_side_is_judged_anew() {
    check(
        "quote AAPL 9.90x10 10.10x10
         buy A AAPL limit 10.00 10 as b
         quote AAPL 9.91x10 10.10x10
         quote AAPL 10.05x10 10.00x10
         quote AAPL 9.95x10 10.00x10 => b: fill 10@10 maker",
    );
}

#[test]
fn a_quote_from_before_a_halt_is_not_traded_on_after_it() {
    check(
        "quote AAPL 9.90x10 10.10x10
         halt AAPL
         resume AAPL
         buy A AAPL market 10 as b
         quote AAPL 9.90x10 10.10x10 => b: fill 10@10.1 taker",
    );
}

#[test]
fn values_round_half_to_even_and_nothing_is_lost() {
    // 10.01 x 0.33333333 = 3.3366666333, of which 3.33666663 moves.
    check(
        "quote BTC/USD 10x1 10.01x1
         buy A BTC/USD market 0.33333333 => fill 0.33333333@10.01 taker
         cash A => 999996.66333337 free 999996.66333337
         restart
         quote BTC/USD 10x1 10.01x1
         sell A BTC/USD market 0.33333333 => fill 0.33333333@10 taker
         position A BTC/USD => 0 cost 0 pnl -0.00333333",
    );
}
