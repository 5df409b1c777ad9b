//! Owns the portfolio on the screen: its ledger, and whether it is loading, ready or failed. Fed by store/live.

import { create } from "zustand";
import type { Problem } from "../api/problem";
import type { PortfolioMessage } from "../api/streamMessages";
import type { Order, Portfolio } from "../api/types";
import { foldMessages, foldOrder, type Ledger, type Loaded, ledgerOf } from "./fold";

export interface Trading {
  /** Every portfolio of the person, for the switcher. */
  readonly portfolios: readonly Portfolio[];
  readonly portfolioId: string | undefined;
  readonly ledger: Ledger | undefined;
  readonly problem: Problem | undefined;
}

const EMPTY: Trading = { portfolios: [], portfolioId: undefined, ledger: undefined, problem: undefined };

export const useTrading = create<Trading>(() => EMPTY);

export const clearTrading = (): void => useTrading.setState(EMPTY);

export const portfoliosLoaded = (portfolios: readonly Portfolio[]): void =>
  useTrading.setState({ portfolios });

/** Shows another portfolio; the one before disappears at once. */
export const portfolioChosen = (portfolioId: string): void =>
  useTrading.setState({ portfolioId, ledger: undefined, problem: undefined });

export const ledgerLoaded = (loaded: Loaded, since: readonly PortfolioMessage[]): void =>
  useTrading.setState({ ledger: foldMessages(ledgerOf(loaded), since), problem: undefined });

export const loadFailed = (problem: Problem | undefined): void => useTrading.setState({ problem });

export const messagesArrived = (messages: readonly PortfolioMessage[]): void =>
  useTrading.setState(({ ledger }) =>
    ledger === undefined ? {} : { ledger: foldMessages(ledger, messages) },
  );

/** An order came back in a reply; the stream will tell the same, in either order. */
export const orderReplied = (order: Order): void =>
  useTrading.setState(({ ledger, portfolioId }) =>
    ledger === undefined || order.portfolio_id !== portfolioId ? {} : { ledger: foldOrder(ledger, order) },
  );
