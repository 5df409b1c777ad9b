//! Owns the requests about portfolios, orders, trades and positions.

import { answerOf, http } from "./client";
import type { Order, OrderPatch, OrderRequest, Portfolio, Position, Trade } from "./types";

/** Rows asked for at once; also the most the first load of a list shows. */
export const PAGE = 200;
const PAGES_MAX = 25;

interface Page<Row> {
  results: Row[];
  next?: string | null;
}

/** Follows the cursor to the end; bounded, so that a server that never ends cannot hold the page. */
async function everyPage<Row>(fetchPage: (cursor: string | undefined) => Promise<Page<Row>>): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await fetchPage(cursor);
    rows.push(...answer.results);
    if (answer.next === null || answer.next === undefined) break;
    cursor = answer.next;
  }
  return rows;
}

const pageQuery = (cursor: string | undefined) => ({
  limit: String(PAGE),
  ...(cursor === undefined ? {} : { cursor }),
});

export const fetchPortfolios = (): Promise<Portfolio[]> =>
  answerOf(http.GET("/api/paper/portfolios/")).then((page) => page.results);

export const createPortfolio = (name: string): Promise<Portfolio> =>
  answerOf(http.POST("/api/paper/portfolios/", { body: { name } }));

export const fetchPortfolio = (id: string): Promise<Portfolio> =>
  answerOf(http.GET("/api/paper/portfolios/{id}/", { params: { path: { id } } }));

export const fetchPositions = (id: string): Promise<Position[]> =>
  answerOf(http.GET("/api/paper/portfolios/{id}/positions/", { params: { path: { id } } })).then(
    (page) => page.results,
  );

/** Every open order. */
export async function fetchOpenOrders(portfolio_id: string): Promise<Order[]> {
  const rows = await everyPage((cursor) =>
    answerOf(
      http.GET("/api/paper/orders/", {
        params: { query: { portfolio_id, status: "open", ...pageQuery(cursor) } },
      }),
    ),
  );
  return rows;
}

/** One order, open or not. */
export const fetchOrder = (id: string): Promise<Order> =>
  answerOf(http.GET("/api/paper/orders/{id}/", { params: { path: { id } } }));

/** The newest closed orders, one page. */
export async function fetchClosedOrders(portfolio_id: string): Promise<Order[]> {
  const page = await answerOf(
    http.GET("/api/paper/orders/", {
      params: { query: { portfolio_id, status: "closed", limit: String(PAGE) } },
    }),
  );
  return page.results;
}

/** Every fill of one order that fits on one page, the newest first. */
export const fetchTradesOf = (order: Pick<Order, "id" | "portfolio_id">): Promise<Trade[]> =>
  answerOf(
    http.GET("/api/paper/trades/", {
      params: {
        query: { portfolio_id: order.portfolio_id, order_id: order.id, limit: String(PAGE) },
      },
    }),
  ).then((page) => page.results);

/** The newest fills, one page; `complete` when there are no older ones. */
export async function fetchTrades(portfolio_id: string): Promise<{ trades: Trade[]; complete: boolean }> {
  const page = await answerOf(
    http.GET("/api/paper/trades/", { params: { query: { portfolio_id, limit: String(PAGE) } } }),
  );
  return { trades: page.results, complete: page.next === null || page.next === undefined };
}

/** Submits; sending the same client_order_id again never trades twice. */
export const submitOrder = (order: OrderRequest): Promise<Order> =>
  answerOf(http.POST("/api/paper/orders/", { body: order }));

export const amendOrder = (id: string, change: OrderPatch): Promise<Order> =>
  answerOf(http.PATCH("/api/paper/orders/{id}/", { params: { path: { id } }, body: change }));

export const cancelOrder = (id: string): Promise<Order> =>
  answerOf(http.DELETE("/api/paper/orders/{id}/", { params: { path: { id } } }));

export const cancelAllOrders = (portfolio_id: string): Promise<Order[]> =>
  answerOf(http.DELETE("/api/paper/orders/", { params: { query: { portfolio_id } } })).then(
    (page) => page.results,
  );

/** Closes a whole position at the market. */
export const closePosition = (id: string, symbol: string): Promise<Order> =>
  answerOf(
    http.DELETE("/api/paper/portfolios/{id}/positions/{symbol}/", { params: { path: { id, symbol } } }),
  );
