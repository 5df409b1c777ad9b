//! Owns the stage of component tests: a pretend server behind fetch, its portfolio in the stores, and its stream pumped by
//! hand, so that a test says when news arrives.

import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, configure, type RenderResult, render } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";
import { signedIn, signedOut } from "../api/session";
import type { PortfolioMessage } from "../api/streamMessages";
import type { Order, OrderRequest } from "../api/types";
import { FIRST_DRAFT, useDraft } from "../store/draft";
import { useFolded } from "../store/folded";
import { quoteStore } from "../store/quotes";
import { clearTrading, ledgerLoaded, messagesArrived, portfolioChosen, useTrading } from "../store/trading";
import type { FakeBroker } from "./fakeBroker";
import { FakeServer } from "./fakeServer";

configure({ asyncUtilTimeout: 10_000 });

/** What was sent to the server and changed something. */
export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: Record<string, unknown> | undefined;
}

export class Stage {
  readonly server = new FakeServer();
  readonly broker: FakeBroker;
  readonly sent: Sent[] = [];
  #told = 0;

  constructor() {
    const [broker] = this.server.brokers;
    if (broker === undefined) throw new Error("the pretend server has a portfolio");
    this.broker = broker;
    signedIn({ access: "a", refresh: "r" }, "this-tab");
    useDraft.setState({ draft: FIRST_DRAFT, intent: undefined });
    useFolded.setState({ ids: [] });
    quoteStore.push(this.server.market.quote("AAPL"));
    vi.stubGlobal("fetch", async (request: Request) => {
      await this.#note(request.clone());
      return this.server.answer(request);
    });
  }

  /** Loads what the server has, as the page does when it opens. */
  load(): void {
    const { broker } = this;
    portfolioChosen(broker.id);
    this.#told = broker.messages.length;
    ledgerLoaded(
      {
        portfolio: broker.portfolio(),
        orders: broker.orders(null),
        trades: broker.trades(),
        positions: broker.positions(),
        tradesComplete: true,
      },
      [],
    );
  }

  show(node: ReactNode): RenderResult {
    return render(
      <MantineProvider env="test">
        <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
          {node}
        </QueryClientProvider>
      </MantineProvider>,
    );
  }

  /** The stream tells what has happened since the last time. */
  pump(): void {
    const news = this.broker.messages
      .slice(this.#told)
      .map(
        ({ portfolio_id, seq, time, type, data }) =>
          ({ portfolioId: portfolio_id, seq, time, type, data }) as PortfolioMessage,
      );
    this.#told = this.broker.messages.length;
    act(() => messagesArrived(news));
  }

  /** An order that is there before the page opens. */
  placed(request: Partial<OrderRequest>): Order {
    return this.broker.submit({
      portfolio_id: this.broker.id,
      symbol: "AAPL",
      time_in_force: "GTC",
      ...request,
    });
  }

  /** What was posted as orders. */
  get orders(): Record<string, unknown>[] {
    return this.sent.flatMap(({ method, body }) => (method === "POST" && body !== undefined ? [body] : []));
  }

  close(): void {
    cleanup();
    vi.unstubAllGlobals();
    clearTrading();
    signedOut();
  }

  async #note(request: Request): Promise<void> {
    if (request.method === "GET") return;
    const text = await request.text();
    const body = text === "" ? undefined : (JSON.parse(text) as Record<string, unknown>);
    this.sent.push({ method: request.method, path: new URL(request.url).pathname, body });
  }
}

export const openRows = (): Order[] =>
  [...(useTrading.getState().ledger?.orders.values() ?? [])].filter((order) => order.status === "NEW");
