/**
 * Generated from the server's OpenAPI document by `npm run api`; never edited by hand.
 */

export interface paths {
    "/api/market/clock/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Engine time, and which markets are open. */
        get: operations["getClock"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/market/history/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Bars of a symbol, oldest first. */
        get: operations["getHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/market/instruments/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Searches instruments by symbol and name, best first; without `q` all of them, by symbol. */
        get: operations["searchInstruments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/market/quote/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The market of a symbol now. Asking makes the feed follow it. */
        get: operations["getQuote"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/paper/orders/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The orders of a portfolio, newest first. */
        get: operations["listOrders"];
        put?: never;
        /** Sends an order. */
        post: operations["createOrder"];
        /** Cancels all open orders of a portfolio. */
        delete: operations["cancelAllOrders"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/paper/orders/{id}/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One order. */
        get: operations["getOrder"];
        put?: never;
        post?: never;
        /** Cancels an order. */
        delete: operations["cancelOrder"];
        options?: never;
        head?: never;
        /** Changes an open order in place, or cancels it with `{"status": "CANCELED"}`. */
        patch: operations["changeOrder"];
        trace?: never;
    };
    "/api/paper/portfolios/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's own portfolios. The first is made on the first look. */
        get: operations["listPortfolios"];
        put?: never;
        /** Makes a portfolio. */
        post: operations["createPortfolio"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/paper/portfolios/{id}/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One portfolio. */
        get: operations["getPortfolio"];
        put?: never;
        post?: never;
        /** Cancels a portfolio's orders and takes it off the list. Its history stays. */
        delete: operations["archivePortfolio"];
        options?: never;
        head?: never;
        /** Renames a portfolio or changes its limits. */
        patch: operations["changePortfolio"];
        trace?: never;
    };
    "/api/paper/portfolios/{id}/deposit/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Puts money in. */
        post: operations["deposit"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/paper/portfolios/{id}/events/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The messages of a portfolio's stream, byte for byte as on the WebSocket. */
        get: operations["listEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/paper/portfolios/{id}/positions/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The positions that are held, valued at the market. */
        get: operations["listPositions"];
        put?: never;
        post?: never;
        /**
         * Closes every position by market orders, and cancels the open orders that would close them first. An order that was
         *     refused stands in the list, REJECTED.
         */
        delete: operations["closeAllPositions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/paper/portfolios/{id}/positions/{symbol}/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Closes a position, or a part of it, by a market order. Open orders that hold back what is to be sold are
         *     cancelled first.
         */
        delete: operations["closePosition"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/paper/portfolios/{id}/withdraw/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes money out; refused beyond what is free. */
        post: operations["withdraw"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/paper/trades/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The trades of a portfolio, newest first. */
        get: operations["listTrades"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/token/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Exchanges a username and a password for tokens. */
        post: operations["signIn"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/token/refresh/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Exchanges a refresh token for a new access token. */
        post: operations["refreshToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/me/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Oneself. */
        get: operations["getMe"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/me/api-keys/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's own API keys, without their secrets. */
        get: operations["listApiKeys"];
        put?: never;
        /** Makes an API key. Its secret is shown this once. */
        post: operations["createApiKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/me/api-keys/{key_id}/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends an API key at once. */
        delete: operations["revokeApiKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/register/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Registers a user. */
        post: operations["register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process answers. */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Measurements, in the text format of Prometheus. */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the server is recovered and listening, and neither failed nor stopping. */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ws": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Opens a WebSocket. Send `WsRequest`, receive `WsMessage`; the first message must be `auth`, within five seconds.
         * @description Close codes: 1001 the server stops, 4000 nothing was heard for a minute, 4001 credentials are missing, wrong, out of
         *     date or revoked, 4008 you read too slowly (the reason holds `last_seq` and `portfolio_id`: subscribe again after it).
         */
        get: operations["openStream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A new access token. */
        AccessToken: {
            access: string;
        };
        /**
         * @description Who took, in the print that made a fill.
         * @enum {string}
         */
        Aggressor: "BUYER" | "SELLER";
        /** @description How an order is worked over time. Documented, not offered. */
        Algorithm: {
            kind: components["schemas"]["AlgorithmKind"];
            start?: components["schemas"]["Timestamp"] | null;
            end?: components["schemas"]["Timestamp"] | null;
            /** Format: int32 */
            slices?: number | null;
            participation?: components["schemas"]["Decimal"] | null;
            profile?: components["schemas"]["Decimal"][] | null;
        };
        /**
         * @description The kind of a working algorithm.
         * @enum {string}
         */
        AlgorithmKind: "TWAP" | "VWAP" | "POV";
        /**
         * @description What to change; what is absent stays. The id stays, too.
         * @example {
         *       "limit_price": "10.10",
         *       "qty": "50"
         *     }
         */
        AmendRequest: {
            /** @default null */
            qty?: components["schemas"]["Decimal"] | null;
            /** @default null */
            limit_price?: components["schemas"]["Decimal"] | null;
            /** @default null */
            stop_price?: components["schemas"]["Decimal"] | null;
            /** @default null */
            trigger_price?: components["schemas"]["Decimal"] | null;
            /** @default null */
            trail_amount?: components["schemas"]["Decimal"] | null;
            /** @default null */
            trail_percent?: components["schemas"]["Decimal"] | null;
            /** @default null */
            time_in_force?: components["schemas"]["TimeInForce"] | null;
            /** @default null */
            expires_at?: components["schemas"]["Timestamp"] | null;
            /** @default null */
            display_qty?: components["schemas"]["Decimal"] | null;
            /** @default null */
            status?: components["schemas"]["StatusChange"] | null;
        };
        /** @description An API key, without its secret. */
        ApiKey: {
            key_id: string;
            label: string;
            scopes: components["schemas"]["ScopeName"][];
            /** Format: uuid */
            portfolio_id: string | null;
            created_at: components["schemas"]["Timestamp"];
        };
        /** @description A new API key with its secret, which is shown this once. */
        ApiKeyCreated: components["schemas"]["ApiKey"] & {
            secret: string;
        };
        /**
         * @description A new API key.
         * @example {
         *       "label": "my bot",
         *       "scopes": [
         *         "read",
         *         "trade"
         *       ]
         *     }
         */
        ApiKeyRequest: {
            /**
             * @description Required; at most 64 bytes.
             * @default null
             */
            label?: string | null;
            /**
             * @description Both when absent.
             * @default null
             */
            scopes?: components["schemas"]["ScopeName"][] | null;
            /**
             * Format: uuid
             * @description Binds the key to one portfolio.
             * @default null
             */
            portfolio_id?: string | null;
        };
        /**
         * @description What kind of thing an instrument is.
         * @enum {string}
         */
        AssetClass: "equity" | "etf" | "crypto" | "option" | "future" | "fx" | "bond";
        /** @description One bar. */
        Bar: {
            /** @description The first instant of its stretch. */
            time: components["schemas"]["Timestamp"];
            open: components["schemas"]["Decimal"];
            high: components["schemas"]["Decimal"];
            low: components["schemas"]["Decimal"];
            close: components["schemas"]["Decimal"];
            volume: components["schemas"]["Decimal"];
        };
        /** @description Whether one calendar's market is open. */
        Calendar: {
            calendar: components["schemas"]["CalendarName"];
            is_open: boolean;
            /** @description When it opens next; while open, when the next session begins. */
            next_open: components["schemas"]["Timestamp"];
            /** @description When the running or next session closes. */
            next_close: components["schemas"]["Timestamp"];
        };
        /**
         * @description A calendar: the sessions of the New York Stock Exchange, or around the clock.
         * @enum {string}
         */
        CalendarName: "XNYS" | "24x7";
        /**
         * @description Why an order was cancelled.
         * @enum {string}
         */
        CancelReason: "requested" | "immediate_or_cancel" | "fill_or_kill" | "insufficient_buying_power" | "post_only" | "reduce_only" | "sibling" | "price_protection" | "parent";
        /** @description Cash, as the stream tells it. */
        Cash: {
            /** @example USD */
            currency: string;
            cash: components["schemas"]["Decimal"];
            reserved: components["schemas"]["Decimal"];
            buying_power: components["schemas"]["Decimal"];
            net_flows: components["schemas"]["Decimal"];
            realized_pnl: components["schemas"]["Decimal"];
            fees_paid: components["schemas"]["Decimal"];
        };
        /** @description Cash, or what is reserved of it, changed. */
        CashMessage: {
            /** @enum {string} */
            channel: "portfolio";
            /** Format: uuid */
            portfolio_id: string;
            /**
             * Format: int64
             * @description Gapless from 1.
             */
            seq: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "cash";
            time: components["schemas"]["Timestamp"];
            data: components["schemas"]["Cash"];
        };
        /**
         * @description What can be followed.
         * @enum {string}
         */
        Channel: "portfolio" | "quotes";
        /** @description Engine time and the state of the markets. */
        Clock: {
            /** @description Engine time. */
            time: components["schemas"]["Timestamp"];
            /** @description Whether the market that rules equities is open. */
            is_open: boolean;
            next_open: components["schemas"]["Timestamp"];
            next_close: components["schemas"]["Timestamp"];
            calendars: components["schemas"]["Calendar"][];
        };
        /**
         * @description How two values are compared.
         * @enum {string}
         */
        Comparison: ">" | ">=" | "<" | "<=" | "crosses_above" | "crosses_below";
        /**
         * @description A rule that arms an order: either a group (`op`, `rules`) or a comparison (`left`, `cmp`,
         *     `right`). Documented, not offered.
         */
        Condition: {
            op?: components["schemas"]["GroupOperator"] | null;
            rules?: components["schemas"]["Condition"][] | null;
            left?: components["schemas"]["Operand"] | null;
            cmp?: components["schemas"]["Comparison"] | null;
            right?: components["schemas"]["Operand"] | null;
        };
        /**
         * Format: decimal
         * @description A decimal with at most 8 digits after the point. Requests may send it as a JSON number, too.
         * @example 10.05
         */
        Decimal: string;
        /** @description Messages of a stream, oldest first. */
        EventsPage: {
            results: components["schemas"]["PortfolioMessage"][];
            /** @description What to send as `cursor` for the next page; null at the end. */
            next: string | null;
            /** @description The history that sequence numbers belong to. */
            epoch: string;
            /**
             * Format: int64
             * @description The number of the stream's last message.
             */
            head_seq: number;
            /**
             * Format: int64
             * @description The number of the oldest message that is kept.
             */
            oldest_seq: number;
        };
        /**
         * @description How a portfolio's orders fill.
         * @enum {string}
         */
        ExecutionProfile: "realistic" | "custom";
        /** @description The market that a fill was made from. */
        FillEvidence: {
            bid: components["schemas"]["Decimal"] | null;
            bid_size: components["schemas"]["Decimal"];
            ask: components["schemas"]["Decimal"] | null;
            ask_size: components["schemas"]["Decimal"];
            /** @description The exchange's time of the quote. */
            time: components["schemas"]["Timestamp"];
            trade_price: components["schemas"]["Decimal"] | null;
            trade_size: components["schemas"]["Decimal"] | null;
            trade_aggressor: components["schemas"]["Aggressor"] | null;
        };
        /** @description An order was filled, wholly or in part. */
        FillMessage: {
            /** @enum {string} */
            channel: "portfolio";
            /** Format: uuid */
            portfolio_id: string;
            /**
             * Format: int64
             * @description Gapless from 1.
             */
            seq: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "fill";
            time: components["schemas"]["Timestamp"];
            data: components["schemas"]["Trade"];
        };
        /**
         * @description The rule that made a fill.
         * @enum {string}
         */
        FillRule: "took_standing_quote" | "took_new_quote" | "quote_crossed_limit" | "trade_at_limit" | "trade_through_limit" | "opening_auction" | "closing_auction" | "auction_fallback" | "bar_open" | "bar_middle" | "bar_close" | "bar_at_limit" | "bar_through_limit" | "bar_trigger" | "bar_path";
        /**
         * @description Money in or out.
         * @example {
         *       "amount": "2500",
         *       "note": "bonus"
         *     }
         */
        FlowRequest: {
            /** @default null */
            amount?: components["schemas"]["Decimal"] | null;
            /**
             * @description Why; at most 256 bytes.
             * @default null
             */
            note?: string | null;
        };
        /**
         * @description What joins the rules of a group.
         * @enum {string}
         */
        GroupOperator: "AND" | "OR" | "NOT";
        /** @description That the process answers. */
        Health: {
            /** @example ok */
            status: string;
            /**
             * @description `working`; `healing`: the storage failed and is being opened again; `refusing`: it failed for
             *     good, and only reads are answered; `stopping`.
             * @example working
             */
            state: string;
            /**
             * @description `journal`: nothing is seen before it is on disk; `behind`: a crash may take back what was seen; `off`: nothing
             *     survives.
             * @example journal
             */
            durability: string;
            /** @description The room on the disk. */
            storage: components["schemas"]["StorageState"];
        };
        /** @description Bars of one instrument, oldest first; the last may be unfinished. */
        History: {
            /** @example AAPL */
            symbol: string;
            /** @example 1m */
            interval: string;
            /** @example 1d */
            range: string;
            results: components["schemas"]["Bar"][];
            next: string | null;
        };
        /** @description An instrument. */
        Instrument: {
            /** @example AAPL */
            symbol: string;
            /** @example Apple Inc. */
            name: string;
            /** @example NASDAQ */
            exchange: string;
            asset_class: components["schemas"]["AssetClass"];
            /** @example USD */
            currency: string;
            tick_size: components["schemas"]["Decimal"];
            tick_size_below_one: components["schemas"]["Decimal"];
            lot_size: components["schemas"]["Decimal"];
            calendar: components["schemas"]["CalendarName"];
            tradable: boolean;
            shortable: boolean;
            fractionable: boolean;
            status: components["schemas"]["InstrumentStatus"];
        };
        /**
         * @description Whether an instrument is traded.
         * @enum {string}
         */
        InstrumentStatus: "active" | "halted" | "delisted";
        /** @description A portfolio's limits; null is no limit. */
        Limits: {
            /** Format: int32 */
            max_open_positions: number | null;
            max_position_pct: components["schemas"]["Decimal"] | null;
            max_gross_exposure: components["schemas"]["Decimal"] | null;
            max_order_value: components["schemas"]["Decimal"] | null;
            short_selling: boolean;
            buying_power_multiple: components["schemas"]["Decimal"];
            min_price: components["schemas"]["Decimal"] | null;
            max_volume_participation: components["schemas"]["Decimal"] | null;
        };
        /** @description What a portfolio's orders may not break. A member that is absent stays as it is; null is no limit. */
        LimitsChange: {
            /**
             * Format: int32
             * @description Most instruments held or being bought at one time.
             * @default null
             */
            max_open_positions?: number | null;
            /** @default null */
            max_position_pct?: components["schemas"]["Decimal"] | null;
            /** @default null */
            max_gross_exposure?: components["schemas"]["Decimal"] | null;
            /** @default null */
            max_order_value?: components["schemas"]["Decimal"] | null;
            /**
             * @description Not offered: only false.
             * @default null
             */
            short_selling?: boolean | null;
            /** @default null */
            buying_power_multiple?: components["schemas"]["Decimal"] | null;
            /** @default null */
            min_price?: components["schemas"]["Decimal"] | null;
            /** @default null */
            max_volume_participation?: components["schemas"]["Decimal"] | null;
        };
        /**
         * @description Whether a fill waited for the other side or took it.
         * @enum {string}
         */
        Liquidity: "MAKER" | "TAKER";
        /** @description Credentials of a person. */
        LoginRequest: {
            username: string;
            password: string;
        };
        /** @description One side of a comparison: exactly one of price, volume, time, indicator, score and value. */
        Operand: {
            price?: components["schemas"]["PriceField"] | null;
            volume?: Record<string, never> | null;
            time?: string | null;
            indicator?: string | null;
            params?: Record<string, never> | null;
            score?: string | null;
            value?: components["schemas"]["Decimal"] | null;
            symbol?: string | null;
            timeframe?: string | null;
        };
        /**
         * @description What a client wants.
         * @enum {string}
         */
        Operation: "auth" | "subscribe" | "unsubscribe" | "ping";
        /**
         * @description An order: what was asked, and where it stands. Members of features that are not offered are
         *     there with the value that they have when unused.
         */
        Order: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            portfolio_id: string;
            client_order_id: string;
            /** @example AAPL */
            symbol: string;
            side: components["schemas"]["Side"];
            type: components["schemas"]["OrderType"];
            qty: components["schemas"]["Decimal"] | null;
            notional: components["schemas"]["Decimal"] | null;
            limit_price: components["schemas"]["Decimal"] | null;
            stop_price: components["schemas"]["Decimal"] | null;
            trigger_price: components["schemas"]["Decimal"] | null;
            trail_amount: components["schemas"]["Decimal"] | null;
            trail_percent: components["schemas"]["Decimal"] | null;
            limit_offset: components["schemas"]["Decimal"] | null;
            activation_price: components["schemas"]["Decimal"] | null;
            trigger_source: components["schemas"]["TriggerSource"] | null;
            time_in_force: components["schemas"]["TimeInForce"];
            expires_at: components["schemas"]["Timestamp"] | null;
            extended_hours: boolean;
            reduce_only: boolean;
            post_only: boolean;
            display_qty: components["schemas"]["Decimal"] | null;
            peg: components["schemas"]["Peg"] | null;
            algo: Record<string, never> | null;
            condition: Record<string, never> | null;
            order_class: components["schemas"]["OrderClass"];
            take_profit: Record<string, never> | null;
            stop_loss: Record<string, never> | null;
            /** @description The orders that hang on it or stand beside it, where the reply is nested; null otherwise. */
            legs: components["schemas"]["Order"][] | null;
            /** Format: uuid */
            parent_id: string | null;
            strategy_id: string | null;
            status: components["schemas"]["OrderStatus"];
            filled_qty: components["schemas"]["Decimal"];
            filled_avg_price: components["schemas"]["Decimal"] | null;
            leaves_qty: components["schemas"]["Decimal"] | null;
            /** @description Whether it waits for another order. */
            held: boolean;
            /** @description Whether its stop was released. */
            triggered: boolean;
            hwm: components["schemas"]["Decimal"] | null;
            working_price: components["schemas"]["Decimal"] | null;
            /** @description Cash that it holds back. */
            reserved_cash: components["schemas"]["Decimal"];
            reject_code: components["schemas"]["RejectCode"] | null;
            reject_message: string | null;
            cancel_reason: components["schemas"]["CancelReason"] | null;
            /**
             * Format: int32
             * @description How often it was changed.
             */
            revision: number;
            /** @description Whether a person sent it, and not a program. */
            manual: boolean;
            created_at: components["schemas"]["Timestamp"];
            /** @description For an expired order the instant of expiry. */
            updated_at: components["schemas"]["Timestamp"];
        };
        /**
         * @description How orders hang together.
         * @enum {string}
         */
        OrderClass: "SIMPLE" | "BRACKET" | "OCO" | "OTO" | "OTOCO";
        /** @description An order was taken, refused, changed, filled or ended. */
        OrderMessage: {
            /** @enum {string} */
            channel: "portfolio";
            /** Format: uuid */
            portfolio_id: string;
            /**
             * Format: int64
             * @description Gapless from 1.
             */
            seq: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "order";
            time: components["schemas"]["Timestamp"];
            data: components["schemas"]["Order"];
        };
        /**
         * @description A new order. `type` decides which prices are there: exactly those that it needs.
         * @example {
         *       "client_order_id": "my-first",
         *       "limit_price": "10.05",
         *       "portfolio_id": "5e0d9c5a-1c2b-8f00-9a3b-2f1c5d7e9a01",
         *       "qty": "100",
         *       "side": "BUY",
         *       "symbol": "AAPL",
         *       "time_in_force": "DAY",
         *       "type": "LIMIT"
         *     }
         */
        OrderRequest: {
            /**
             * Format: uuid
             * @description Whose money. Required.
             * @default null
             */
            portfolio_id?: string | null;
            /**
             * @description Your name for the order: the same name never trades twice. Made up when absent.
             * @default null
             */
            client_order_id?: string | null;
            /**
             * @description What to trade. Required.
             * @default null
             */
            symbol?: string | null;
            /** @default null */
            side?: components["schemas"]["Side"] | null;
            /** @default null */
            type?: components["schemas"]["OrderType"] | null;
            /** @default null */
            qty?: components["schemas"]["Decimal"] | null;
            /** @default null */
            notional?: components["schemas"]["Decimal"] | null;
            /** @default null */
            limit_price?: components["schemas"]["Decimal"] | null;
            /** @default null */
            stop_price?: components["schemas"]["Decimal"] | null;
            /** @default null */
            trigger_price?: components["schemas"]["Decimal"] | null;
            /** @default null */
            trail_amount?: components["schemas"]["Decimal"] | null;
            /** @default null */
            trail_percent?: components["schemas"]["Decimal"] | null;
            /** @default null */
            limit_offset?: components["schemas"]["Decimal"] | null;
            /** @default null */
            activation_price?: components["schemas"]["Decimal"] | null;
            /** @default null */
            trigger_source?: components["schemas"]["TriggerSource"] | null;
            /** @default null */
            time_in_force?: components["schemas"]["TimeInForce"] | null;
            /** @default null */
            expires_at?: components["schemas"]["Timestamp"] | null;
            /**
             * @description Whether it trades before and after the regular session, too. LIMIT orders with DAY, GTC or GTD alone.
             * @default null
             */
            extended_hours?: boolean | null;
            /**
             * @description Whether it may only make a position smaller.
             * @default null
             */
            reduce_only?: boolean | null;
            /**
             * @description Whether it may only rest and never take. Orders with a limit and DAY, GTC or GTD alone.
             * @default null
             */
            post_only?: boolean | null;
            /** @default null */
            display_qty?: components["schemas"]["Decimal"] | null;
            /** @default null */
            peg?: components["schemas"]["Peg"] | null;
            /** @default null */
            algo?: components["schemas"]["Algorithm"] | null;
            /** @default null */
            condition?: components["schemas"]["Condition"] | null;
            /** @default null */
            order_class?: components["schemas"]["OrderClass"] | null;
            /** @default null */
            take_profit?: components["schemas"]["TakeProfit"] | null;
            /** @default null */
            stop_loss?: components["schemas"]["StopLoss"] | null;
            /**
             * @description What follows this order's fills, of OTO and OTOCO: orders without `portfolio_id`. `symbol` is that of this
             *     order and `side` the other one when absent; without `qty` a leg is as large as what this order filled,
             *     and with one it works in proportion.
             * @default null
             */
            legs?: components["schemas"]["OrderRequest"][] | null;
        };
        /**
         * @description Where an order stands.
         * @enum {string}
         */
        OrderStatus: "NEW" | "PARTIALLY_FILLED" | "FILLED" | "CANCELED" | "REJECTED" | "EXPIRED";
        /**
         * @description The type of an order.
         * @enum {string}
         */
        OrderType: "MARKET" | "LIMIT" | "STOP" | "STOP_LIMIT" | "TRAILING_STOP" | "TRAILING_STOP_LIMIT" | "MARKET_IF_TOUCHED" | "LIMIT_IF_TOUCHED" | "PEGGED";
        /** @description One page of a list. */
        Page_ApiKey: {
            results: components["schemas"]["ApiKey"][];
            /** @description What to send as `cursor` for the next page; null at the end. */
            next: string | null;
        };
        /** @description One page of a list. */
        Page_Instrument: {
            results: components["schemas"]["Instrument"][];
            /** @description What to send as `cursor` for the next page; null at the end. */
            next: string | null;
        };
        /** @description One page of a list. */
        Page_Order: {
            results: components["schemas"]["Order"][];
            /** @description What to send as `cursor` for the next page; null at the end. */
            next: string | null;
        };
        /** @description One page of a list. */
        Page_Portfolio: {
            results: components["schemas"]["Portfolio"][];
            /** @description What to send as `cursor` for the next page; null at the end. */
            next: string | null;
        };
        /** @description One page of a list. */
        Page_Position: {
            results: components["schemas"]["Position"][];
            /** @description What to send as `cursor` for the next page; null at the end. */
            next: string | null;
        };
        /** @description One page of a list. */
        Page_Trade: {
            results: components["schemas"]["Trade"][];
            /** @description What to send as `cursor` for the next page; null at the end. */
            next: string | null;
        };
        /**
         * @description How a pegged order follows the quote: PRIMARY its own side (the bid, for a buy) by an `offset` towards the
         *     other, MARKET the other side at an `offset` behind it, MIDPOINT the middle. Never beyond `cap`, and never
         *     at the other side.
         */
        Peg: {
            reference: components["schemas"]["PegReference"];
            offset?: components["schemas"]["Decimal"] | null;
            cap?: components["schemas"]["Decimal"] | null;
        };
        /**
         * @description What a pegged order follows.
         * @enum {string}
         */
        PegReference: "PRIMARY" | "MARKET" | "MIDPOINT";
        /** @description A portfolio with its positions valued at the market. */
        Portfolio: {
            /** Format: uuid */
            id: string;
            /** @example Growth */
            name: string;
            /** @example USD */
            currency: string;
            starting_balance: components["schemas"]["Decimal"];
            /** @description Reserved part included. */
            cash: components["schemas"]["Decimal"];
            /** @description What open buy orders hold back. */
            reserved: components["schemas"]["Decimal"];
            /** @description What a new order may spend. */
            buying_power: components["schemas"]["Decimal"];
            /** @description Cash and positions at the market. */
            equity: components["schemas"]["Decimal"];
            market_value: components["schemas"]["Decimal"];
            /** @description Before fees. */
            realized_pnl: components["schemas"]["Decimal"];
            unrealized_pnl: components["schemas"]["Decimal"];
            fees_paid: components["schemas"]["Decimal"];
            /** @description Deposits less withdrawals, starting balance included. */
            net_flows: components["schemas"]["Decimal"];
            execution_profile: components["schemas"]["ExecutionProfile"];
            limits: components["schemas"]["Limits"];
            open_positions: number;
            open_orders: number;
            /** @description The history that sequence numbers belong to. */
            epoch: string;
            /**
             * Format: int64
             * @description The number of the last message of its stream.
             */
            head_seq: number;
            created_at: components["schemas"]["Timestamp"];
        };
        /**
         * @description A change of a portfolio; what is absent stays.
         * @example {
         *       "limits": {
         *         "max_order_value": "5000"
         *       },
         *       "name": "Value"
         *     }
         */
        PortfolioChange: {
            /** @default null */
            name?: string | null;
            /** @default null */
            limits?: components["schemas"]["LimitsChange"] | null;
        };
        /** @description A message of a portfolio's stream. */
        PortfolioMessage: components["schemas"]["OrderMessage"] | components["schemas"]["FillMessage"] | components["schemas"]["PositionMessage"] | components["schemas"]["CashMessage"] | components["schemas"]["RulesMessage"];
        /**
         * @description A new portfolio.
         * @example {
         *       "name": "Growth",
         *       "starting_balance": "100000"
         *     }
         */
        PortfolioRequest: {
            /**
             * @description Required; at most 64 bytes.
             * @default null
             */
            name?: string | null;
            /** @default null */
            starting_balance?: components["schemas"]["Decimal"] | null;
            /** @default null */
            execution_profile?: components["schemas"]["ExecutionProfile"] | null;
            /** @default null */
            limits?: components["schemas"]["LimitsChange"] | null;
        };
        /** @description A portfolio's rules, as the stream tells them. */
        PortfolioRules: {
            currency: string;
            starting_balance: components["schemas"]["Decimal"];
            execution_profile: components["schemas"]["ExecutionProfile"];
            limits: components["schemas"]["Limits"];
        };
        /** @description A position. Members that need a market price are null in the stream, which carries none. */
        Position: {
            /** @example AAPL */
            symbol: string;
            /** @description Negative when short. */
            qty: components["schemas"]["Decimal"];
            /** @description What open sell orders hold back. */
            reserved_qty: components["schemas"]["Decimal"];
            avg_price: components["schemas"]["Decimal"] | null;
            current_price: components["schemas"]["Decimal"] | null;
            market_value: components["schemas"]["Decimal"] | null;
            /** @description Signed like qty. */
            cost_basis: components["schemas"]["Decimal"];
            unrealized_pnl: components["schemas"]["Decimal"] | null;
            unrealized_pnl_pct: components["schemas"]["Decimal"] | null;
            /** @description Before fees. */
            realized_pnl: components["schemas"]["Decimal"];
        };
        /** @description A holding changed. Prices are null here. */
        PositionMessage: {
            /** @enum {string} */
            channel: "portfolio";
            /** Format: uuid */
            portfolio_id: string;
            /**
             * Format: int64
             * @description Gapless from 1.
             */
            seq: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "position";
            time: components["schemas"]["Timestamp"];
            data: components["schemas"]["Position"];
        };
        /**
         * @description A price field of a bar or quote.
         * @enum {string}
         */
        PriceField: "last" | "bid" | "ask" | "mid" | "open" | "high" | "low" | "close";
        /** @description What a client reads when a request is refused. */
        Problem: {
            /**
             * @description Names the kind of problem; stable.
             * @example urn:papertape:problem:INSUFFICIENT_BUYING_POWER
             */
            type: string;
            /**
             * @description The status in words.
             * @example Unprocessable Entity
             */
            title: string;
            /**
             * Format: int32
             * @description The HTTP status.
             * @example 422
             */
            status: number;
            /** @description What happened this time, with figures. */
            detail: string;
            /**
             * @description The stable code that programs compare.
             * @example INSUFFICIENT_BUYING_POWER
             */
            code: string;
            /** @description The member of the request at fault, where one is. */
            field?: string | null;
            order?: components["schemas"]["Order"] | null;
        };
        /** @description The market of one instrument. A missing side is null. */
        Quote: {
            /** @example AAPL */
            symbol: string;
            bid: components["schemas"]["Decimal"] | null;
            bid_size: components["schemas"]["Decimal"] | null;
            ask: components["schemas"]["Decimal"] | null;
            ask_size: components["schemas"]["Decimal"] | null;
            last: components["schemas"]["Decimal"] | null;
            last_size: components["schemas"]["Decimal"] | null;
            time: components["schemas"]["Timestamp"] | null;
            /** @description Whether it is too old to trade on. */
            stale: boolean;
            /**
             * Format: int32
             * @description By how many seconds prices are held back.
             */
            delayed_by_s: number;
        };
        /** @description A quote that changed. Quotes are conflated: the latest is sent, at most ten times a second. */
        QuoteMessage: {
            /** @description Always `quotes`. */
            channel: components["schemas"]["Channel"];
            data: components["schemas"]["Quote"];
        };
        /** @description That requests are taken. */
        Readiness: {
            /** @example ready */
            status: string;
            /** @description The history that sequence numbers belong to. */
            epoch: string;
            /** @description Whether prices arrive. */
            feed_connected: boolean;
            /** @description Engine time. */
            time: components["schemas"]["Timestamp"];
            /**
             * @description The room on the disk. While it is little, the server is ready all the same: what is open can be
             *     ended and everything can be read.
             */
            storage: components["schemas"]["StorageState"];
        };
        /** @description A refresh token. */
        RefreshRequest: {
            refresh: string;
        };
        /**
         * @description A new user.
         * @example {
         *       "password": "correct horse battery",
         *       "username": "ada"
         *     }
         */
        RegisterRequest: {
            /** @description 3 to 32 of letters, digits and `. _ - @ +`. */
            username: string;
            /** @description 8 to 128 characters. */
            password: string;
            /** @description What others see; the username when absent. */
            nickname?: string | null;
        };
        /**
         * @description Why the market, the portfolio or the clock said no.
         * @enum {string}
         */
        RejectCode: "UNKNOWN_PORTFOLIO" | "IDEMPOTENCY_MISMATCH" | "UNKNOWN_ORDER" | "ORDER_NOT_OPEN" | "INVALID_CHAIN" | "UNKNOWN_SYMBOL" | "NOT_TRADABLE" | "NOT_AMENDABLE" | "INVALID_PRICE_INCREMENT" | "INVALID_LOT_SIZE" | "QTY_BELOW_FILLED" | "EXPIRY_IN_PAST" | "NO_AUCTION" | "AUCTION_CUTOFF" | "STOP_IN_MARKET" | "EXIT_ON_WRONG_SIDE" | "WOULD_TAKE" | "NOTHING_TO_REDUCE" | "AMOUNT_TOO_SMALL" | "TOO_MANY_OPEN_ORDERS" | "PRICE_BELOW_MINIMUM" | "MAX_ORDER_VALUE" | "MAX_POSITIONS" | "MAX_POSITION_PCT" | "MAX_GROSS_EXPOSURE" | "INSUFFICIENT_QUANTITY" | "INSUFFICIENT_BUYING_POWER" | "INSUFFICIENT_CASH" | "LIMIT_EXCEEDED";
        /** @description The portfolio was opened, or its limits changed. */
        RulesMessage: {
            /** @enum {string} */
            channel: "portfolio";
            /** Format: uuid */
            portfolio_id: string;
            /**
             * Format: int64
             * @description Gapless from 1.
             */
            seq: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "portfolio";
            time: components["schemas"]["Timestamp"];
            data: components["schemas"]["PortfolioRules"];
        };
        /**
         * @description What a key may do.
         * @enum {string}
         */
        ScopeName: "read" | "trade";
        /**
         * @description Buy or sell.
         * @enum {string}
         */
        Side: "BUY" | "SELL";
        /**
         * @description The one status that a client may set.
         * @enum {string}
         */
        StatusChange: "CANCELED";
        /** @description A stop-loss exit: a stop at `stop_price`, a stop-limit with `limit_price` beside it, or a stop that trails. */
        StopLoss: {
            stop_price?: components["schemas"]["Decimal"] | null;
            limit_price?: components["schemas"]["Decimal"] | null;
            trail_amount?: components["schemas"]["Decimal"] | null;
            trail_percent?: components["schemas"]["Decimal"] | null;
        };
        /** @description The room on the disk. */
        StorageState: {
            /**
             * @description `enough`; `low`: nothing that grows is taken; `full`: nothing but cancels is taken.
             * @example enough
             */
            state: string;
            /**
             * Format: int64
             * @description Bytes that may still be written; null where nobody knows.
             */
            free_bytes: number | null;
            /**
             * Format: int64
             * @description Below it the state is `low`; 0 is no limit.
             */
            soft_limit_bytes: number;
            /**
             * Format: int64
             * @description Below it the state is `full`; 0 is no limit.
             */
            hard_limit_bytes: number;
        };
        /** @description A take-profit exit: a limit order. */
        TakeProfit: {
            limit_price: components["schemas"]["Decimal"];
        };
        /**
         * @description How long an order works.
         * @enum {string}
         */
        TimeInForce: "DAY" | "GTC" | "GTD" | "IOC" | "FOK" | "OPG" | "CLS";
        /**
         * Format: date-time
         * @example 2026-11-21T14:30:00Z
         */
        Timestamp: string;
        /** @description Tokens after a login. */
        Tokens: {
            /** @description For `Authorization: Bearer`. */
            access: string;
            /** @description For `/api/token/refresh/`. */
            refresh: string;
        };
        /** @description A trade: one fill of an order. */
        Trade: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            portfolio_id: string;
            /** Format: uuid */
            order_id: string;
            /** @example AAPL */
            symbol: string;
            side: components["schemas"]["Side"];
            price: components["schemas"]["Decimal"];
            qty: components["schemas"]["Decimal"];
            /** @description Price times quantity. */
            value: components["schemas"]["Decimal"];
            fee: components["schemas"]["Decimal"];
            /** @description What the price was worse than the market by, in all. */
            slippage: components["schemas"]["Decimal"];
            liquidity: components["schemas"]["Liquidity"];
            /** @description The part that no displayed size stood behind. */
            synthetic_qty: components["schemas"]["Decimal"];
            quote: components["schemas"]["FillEvidence"];
            reason: components["schemas"]["FillRule"];
            /** @description Profit realised on the part that closed a holding, before fees. */
            realized_pnl: components["schemas"]["Decimal"];
            /** @description Whether a person sent the order. */
            manual: boolean;
            strategy_id: string | null;
            time: components["schemas"]["Timestamp"];
            /**
             * Format: int64
             * @description The number of its message in the portfolio's stream.
             */
            seq: number;
        };
        /**
         * @description Which price releases an order that waits for one: the last trade (quotes where a feed has none), the ask for
         *     buys and the bid for sells, the middle of the quote; DOUBLE asks for two in a row.
         * @enum {string}
         */
        TriggerSource: "LAST" | "BID_ASK" | "MID" | "DOUBLE_LAST" | "DOUBLE_BID_ASK";
        /** @description A user, as that user sees it. */
        User: {
            /** Format: uuid */
            id: string;
            /** @example ada */
            username: string;
            /** @example ada */
            nickname: string;
            created_at: components["schemas"]["Timestamp"];
        };
        /** @description The end of a portfolio's stream, as a heartbeat tells it. */
        WsHead: {
            channel: components["schemas"]["Channel"];
            /** Format: uuid */
            portfolio_id: string;
            /**
             * Format: int64
             * @description Compare it with the last message you got: a difference that stays is a loss.
             */
            head_seq: number;
        };
        /** @description Whatever the server sends over the WebSocket. */
        WsMessage: components["schemas"]["WsReply"] | components["schemas"]["PortfolioMessage"] | components["schemas"]["QuoteMessage"];
        /** @description A message to a client that is not of a channel. */
        WsReply: {
            /** @enum {string} */
            op: "authenticated";
        } | (components["schemas"]["WsSubscribed"] & {
            /** @enum {string} */
            op: "subscribed";
        }) | {
            channel: components["schemas"]["Channel"];
            /** Format: uuid */
            portfolio_id?: string | null;
            symbols?: string[] | null;
            /** @enum {string} */
            op: "unsubscribed";
        } | {
            /** @description Engine time. */
            time: components["schemas"]["Timestamp"];
            heads: components["schemas"]["WsHead"][];
            /** @enum {string} */
            op: "heartbeat";
        } | {
            /** @enum {string} */
            op: "pong";
        } | {
            /** @example SEQ_AHEAD */
            code: string;
            message: string;
            channel?: components["schemas"]["Channel"] | null;
            /** Format: uuid */
            portfolio_id?: string | null;
            field?: string | null;
            /** @enum {string} */
            op: "error";
        };
        /**
         * @description A message from a client.
         * @example {
         *       "after_seq": 41,
         *       "channel": "portfolio",
         *       "op": "subscribe",
         *       "portfolio_id": "5e0d9c5a-1c2b-8f00-9a3b-2f1c5d7e9a01"
         *     }
         */
        WsRequest: {
            op: components["schemas"]["Operation"];
            token?: string | null;
            key_id?: string | null;
            secret?: string | null;
            channel?: components["schemas"]["Channel"] | null;
            /** Format: uuid */
            portfolio_id?: string | null;
            /**
             * Format: int64
             * @description The last message you have; 0 for all that are kept; absent: from now on.
             */
            after_seq?: number | null;
            /** @description The history that `after_seq` belongs to. */
            epoch?: string | null;
            symbols?: string[] | null;
        };
        /** @description A subscription that stands. */
        WsSubscribed: {
            channel: components["schemas"]["Channel"];
            /** Format: uuid */
            portfolio_id: string;
            epoch: string;
            /** Format: int64 */
            head_seq: number;
            /** Format: int64 */
            oldest_seq: number;
        } | {
            channel: components["schemas"]["Channel"];
            symbols: string[];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getClock: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Clock"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getHistory: {
        parameters: {
            query?: {
                /** @description Such as AAPL. */
                symbol?: string;
                /** @description 1m, 5m, 15m, 1h or 1d; 1d when absent. */
                interval?: string;
                /** @description How far back: a number with m, h, d, w, mo or y, such as 5d or 6mo; 1mo when absent. */
                range?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["History"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    searchInstruments: {
        parameters: {
            query?: {
                /** @description Part of a symbol or a name; all when absent. */
                q?: string;
                /** @description Rows of a page, 1 to 500. */
                limit?: string;
                /** @description Where the page begins: the `next` of the one before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Instrument"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getQuote: {
        parameters: {
            query?: {
                /** @description Such as AAPL or BTC/USD. */
                symbol?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Quote"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listOrders: {
        parameters: {
            query?: {
                /** @description Required. */
                portfolio_id?: string;
                /** @description open, closed or one status by its name; all when absent. */
                status?: string;
                /** @description Only this symbol's. */
                symbol?: string;
                /** @description true puts children under `legs`, and shows a chain once, where its newest order stands. */
                nested?: string;
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description Rows of a page, 1 to 500. */
                limit?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Order"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createOrder: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OrderRequest"];
            };
        };
        responses: {
            /** @description Sent before; `Idempotent-Replayed: true` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description Taken */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Known, and not allowed: the key may only read, or a person has to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body took too long to arrive */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The wrong moment: taken already, or not open any more */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body must be application/json */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused; the order exists, REJECTED */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Documented, and not offered by this server: `field` names what asked for it */
            501: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: no effect. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description STORAGE_LOW: no effect */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancelAllOrders: {
        parameters: {
            query?: {
                /** @description Required. */
                portfolio_id?: string;
                /** @description Only this symbol's. */
                symbol?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The orders that ended */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Order"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OUTCOME_UNKNOWN or STORAGE_UNAVAILABLE: safe to repeat */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancelOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The wrong moment: taken already, or not open any more */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OUTCOME_UNKNOWN or STORAGE_UNAVAILABLE: safe to repeat */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    changeOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AmendRequest"];
            };
        };
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Known, and not allowed: the key may only read, or a person has to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body took too long to arrive */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not open any more */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body must be application/json */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused; `order` stands unchanged */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description As for a new order, except that a change is safe to repeat */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description STORAGE_LOW: no effect; cancels and smaller quantities are still taken */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listPortfolios: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Portfolio"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createPortfolio: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PortfolioRequest"];
            };
        };
        responses: {
            /** @description Made */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Portfolio"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Known, and not allowed: the key may only read, or a person has to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body took too long to arrive */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body must be application/json */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Documented, and not offered by this server: `field` names what asked for it */
            501: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OUTCOME_UNKNOWN, STORAGE_UNAVAILABLE or STORAGE_FULL */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description STORAGE_LOW: no effect */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getPortfolio: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Portfolio"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    archivePortfolio: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; there is nothing to say */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Known, and not allowed: the key may only read, or a person has to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OUTCOME_UNKNOWN, STORAGE_UNAVAILABLE or STORAGE_FULL */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description STORAGE_LOW: no effect */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    changePortfolio: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PortfolioChange"];
            };
        };
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Portfolio"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Known, and not allowed: the key may only read, or a person has to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body took too long to arrive */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body must be application/json */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Documented, and not offered by this server: `field` names what asked for it */
            501: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OUTCOME_UNKNOWN, STORAGE_UNAVAILABLE or STORAGE_FULL */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description STORAGE_LOW: no effect */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deposit: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FlowRequest"];
            };
        };
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Portfolio"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Known, and not allowed: the key may only read, or a person has to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body took too long to arrive */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body must be application/json */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OUTCOME_UNKNOWN, STORAGE_UNAVAILABLE or STORAGE_FULL */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description STORAGE_LOW: no effect */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listEvents: {
        parameters: {
            query?: {
                /** @description The last message you have; 0 or absent for all that are kept. */
                after_seq?: string;
                /** @description The `next` of the page before; the same as `after_seq`. */
                cursor?: string;
                /** @description Messages of a page, 1 to 500. */
                limit?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `results` holds stream messages; `epoch`, `head_seq` and `oldest_seq` stand beside them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsPage"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The wrong moment: taken already, or not open any more */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listPositions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Position"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    closeAllPositions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Order"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    closePosition: {
        parameters: {
            query?: {
                /** @description All when absent. */
                qty?: string;
            };
            header?: never;
            path: {
                id: string;
                /** @description URL-encoded, such as BTC%2FUSD */
                symbol: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Made */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Known, and not allowed: the key may only read, or a person has to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused by the market, the portfolio or the clock */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    withdraw: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FlowRequest"];
            };
        };
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Portfolio"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Known, and not allowed: the key may only read, or a person has to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body took too long to arrive */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body must be application/json */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused by the market, the portfolio or the clock */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OUTCOME_UNKNOWN, STORAGE_UNAVAILABLE or STORAGE_FULL */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description STORAGE_LOW: no effect */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listTrades: {
        parameters: {
            query?: {
                /** @description Required. */
                portfolio_id?: string;
                /** @description Only this symbol's. */
                symbol?: string;
                /** @description Only this order's. */
                order_id?: string;
                /** @description The `next` of the page before. */
                cursor?: string;
                /** @description Rows of a page, 1 to 500. */
                limit?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Trade"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    signIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LoginRequest"];
            };
        };
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body took too long to arrive */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body must be application/json */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    refreshToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefreshRequest"];
            };
        };
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessToken"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body took too long to arrive */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body must be application/json */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listApiKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ApiKey"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Known, and not allowed: the key may only read, or a person has to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApiKeyRequest"];
            };
        };
        responses: {
            /** @description Made */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyCreated"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Known, and not allowed: the key may only read, or a person has to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body took too long to arrive */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body must be application/json */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OUTCOME_UNKNOWN, STORAGE_UNAVAILABLE or STORAGE_FULL */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description STORAGE_LOW: no effect */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    revokeApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; there is nothing to say */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Credentials are missing, wrong or out of date */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Known, and not allowed: the key may only read, or a person has to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not there, or another user's */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests; `Retry-After` says how long to wait */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OUTCOME_UNKNOWN or STORAGE_UNAVAILABLE */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    register: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RegisterRequest"];
            };
        };
        responses: {
            /** @description Made */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description Invalid whatever the state: `field` names the member at fault */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body took too long to arrive */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The wrong moment: taken already, or not open any more */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is larger than 64 KiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body must be application/json */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OUTCOME_UNKNOWN, STORAGE_UNAVAILABLE or STORAGE_FULL */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description STORAGE_LOW: no effect */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain; version=0.0.4": string;
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description STORAGE_UNAVAILABLE (it heals by itself), FAILED (it does not) or STOPPING */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    openStream: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Switched to a WebSocket */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Known, and not allowed: the key may only read, or a person has to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server failed; the failure was logged */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. OUTCOME_UNKNOWN: send it again with the same client_order_id */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
