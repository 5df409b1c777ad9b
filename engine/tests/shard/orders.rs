//! What is refused, what is held back, and how orders are named, changed and ended.

use crate::support::check;

#[test]
fn buying_power_is_reserved_and_freed() {
    check(
        "open B 1000
         quote AAPL 9.98x500 10.02x300
         buy B AAPL market 100 => rejected INSUFFICIENT_BUYING_POWER
         buy B AAPL limit 10 60 as first
         cash B => 1000 free 400
         buy B AAPL limit 10 60 => rejected INSUFFICIENT_BUYING_POWER
         cancel first => canceled requested
         cash B => 1000 free 1000
         buy B AAPL limit 10 60 as second
         withdraw B 401 => refused INSUFFICIENT_CASH
         withdraw B 400
         cash B => 600 free 0",
    );
}

#[test]
fn holdings_are_reserved_and_nothing_is_sold_short() {
    check(
        "sell A AAPL market 1 => rejected INSUFFICIENT_QUANTITY
         hold A AAPL 100 10.00
         sell A AAPL limit 11 60 as first
         sell A AAPL limit 11 41 => rejected INSUFFICIENT_QUANTITY
         sell A AAPL limit 11 40
         cancel first => canceled requested
         sell A AAPL stop 9 60",
    );
}

#[test]
fn a_client_order_id_names_one_order() {
    check(
        "quote AAPL 9.98x500 10.02x300
         buy A AAPL limit 10 60 as x
         buy A AAPL limit 10 60 as x => duplicate x
         buy A AAPL limit 10 61 as x => refused IDEMPOTENCY_MISMATCH
         show x => 60 open
         cancel x => canceled requested
         buy A AAPL limit 10 60 as x => duplicate x
         sell A AAPL limit 10 1 as y => rejected INSUFFICIENT_QUANTITY
         sell A AAPL limit 10 1 as y => duplicate y",
    );
}

#[test]
fn an_ended_order_cannot_be_cancelled_or_changed() {
    check(
        "quote AAPL 9.98x500 10.02x300
         buy A AAPL market 10 as m => fill 10@10.02 taker
         cancel m => refused ORDER_NOT_OPEN
         replace m qty 20 => refused ORDER_NOT_OPEN
         cancel unheard => refused UNKNOWN_ORDER
         cancel-all B => refused UNKNOWN_PORTFOLIO
         buy B AAPL market 10 => refused UNKNOWN_PORTFOLIO",
    );
}

#[test]
fn cancel_all_ends_every_open_order() {
    check(
        "buy A AAPL limit 10 60 as x
         buy A MSFT limit 10 60 as y
         cancel-all A => x: canceled requested; y: canceled requested
         cash A => 1000000 free 1000000",
    );
}

#[test]
fn prices_keep_to_increments_and_quantities_to_lots() {
    check(
        "buy A AAPL limit 10.005 1 => rejected INVALID_PRICE_INCREMENT
         buy A AAPL limit 0.9999 1
         buy A AAPL limit 0.99995 1 => rejected INVALID_PRICE_INCREMENT
         buy A AAPL stop 10.005 1 => rejected INVALID_PRICE_INCREMENT
         buy A AAPL stop-limit 10 10.005 1 => rejected INVALID_PRICE_INCREMENT
         buy A AAPL trail 1.005 1 => rejected INVALID_PRICE_INCREMENT
         buy A AAPL limit 10 0.5 => rejected INVALID_LOT_SIZE
         buy A BTC/USD limit 10 0.5
         buy A NONE limit 10 1 => rejected UNKNOWN_SYMBOL",
    );
}

#[test]
fn the_first_reason_in_the_order_of_codes_is_given() {
    check(
        "limits A order 5
         buy A NONE limit 10.005 0.5 => rejected UNKNOWN_SYMBOL
         buy A AAPL limit 10.005 0.5 => rejected INVALID_PRICE_INCREMENT
         buy A AAPL limit 10 0.5 => rejected INVALID_LOT_SIZE
         sell A AAPL limit 10 1 => rejected MAX_ORDER_VALUE",
    );
}

#[test]
fn a_portfolios_limits_hold() {
    check(
        "open B 1000
         limits B price 5
         buy B AAPL limit 4.99 1 => rejected PRICE_BELOW_MINIMUM
         limits B order 100
         buy B AAPL limit 10 11 => rejected MAX_ORDER_VALUE
         buy B AAPL limit 10 $101 => rejected MAX_ORDER_VALUE
         limits B positions 1
         buy B AAPL limit 10 10 as first
         buy B AAPL limit 10 10
         buy B MSFT limit 10 1 => rejected MAX_POSITIONS
         limits B percent 25
         buy B AAPL limit 10 6 => rejected MAX_POSITION_PCT
         buy B AAPL limit 10 5 as third
         limits B gross 300
         buy B MSFT limit 10 6 => rejected MAX_GROSS_EXPOSURE
         buy B MSFT limit 10 5
         replace third qty 6 => refused MAX_GROSS_EXPOSURE
         replace first qty 9
         replace third qty 6",
    );
}

#[test]
fn a_replace_needs_only_the_difference_and_leaves_the_order_when_refused() {
    check(
        "open B 1000
         quote AAPL 9.00x500 12.00x300
         buy B AAPL limit 10 90 as l
         replace l limit 11
         cash B => 1000 free 10
         replace l limit 11.12 => refused INSUFFICIENT_BUYING_POWER
         replace l qty 91 => refused INSUFFICIENT_BUYING_POWER
         cash B => 1000 free 10
         replace l stop 5 => refused NOT_AMENDABLE
         replace l trail 5 => refused NOT_AMENDABLE
         replace l tif ioc => refused NOT_AMENDABLE
         trade AAPL 10.99x40 seller => l: fill 40@11 maker
         replace l qty 40 => refused QTY_BELOW_FILLED
         replace l qty 41
         cash B => 560 free 549
         show l => 1 open",
    );
}

#[test]
fn a_replace_into_the_market_trades_at_once() {
    check(
        "quote AAPL 10.00x500 10.02x300
         buy A AAPL limit 10.00 100 as l
         replace l limit 10.05 => fill 100@10.02 taker",
    );
}

#[test]
fn an_amount_has_no_quantity_to_change() {
    check(
        "buy A AAPL limit 10 $100 as n
         replace n qty 5 => refused NOT_AMENDABLE
         replace n limit 20
         replace n limit 101 => refused AMOUNT_TOO_SMALL",
    );
}
