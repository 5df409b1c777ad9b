//! Owns what a person has typed into the order ticket, and the intent to submit it. Survives navigation, reconnects and
//! a reload of the tab. Invariant: one intent has one client order id, whatever number of times it is sent.

import { create } from "zustand";
import { createJSONStorage, persist } from "zustand/middleware";
import type { OrderType, Side, TimeInForce } from "../api/types";

/** The ticket as typed: every figure is the person's own text. */
export interface Draft {
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly sizing: "shares" | "amount";
  readonly qty: string;
  readonly notional: string;
  readonly limitPrice: string;
  readonly stopPrice: string;
  readonly trailBy: "amount" | "percent";
  readonly trailAmount: string;
  readonly trailPercent: string;
  readonly timeInForce: TimeInForce;
}

/** A submission whose outcome is not known yet. */
export interface Intent {
  readonly clientOrderId: string;
  /** What was to be sent, apart from the id: another content is another intent. */
  readonly content: string;
}

interface DraftState {
  readonly draft: Draft;
  readonly intent: Intent | undefined;
}

export const FIRST_DRAFT: Draft = {
  symbol: "AAPL",
  side: "BUY",
  type: "MARKET",
  sizing: "shares",
  qty: "",
  notional: "",
  limitPrice: "",
  stopPrice: "",
  trailBy: "percent",
  trailAmount: "",
  trailPercent: "",
  timeInForce: "DAY",
};

export const useDraft = create<DraftState>()(
  persist((): DraftState => ({ draft: FIRST_DRAFT, intent: undefined }), {
    name: "papertape.draft",
    storage: createJSONStorage(() => sessionStorage),
  }),
);

export function editDraft(change: Partial<Draft>): void {
  useDraft.setState(({ draft }) => ({ draft: { ...draft, ...change } }));
}

/** Chooses the instrument; prices typed for another one would be wrong for it. */
export function chooseSymbol(symbol: string): void {
  useDraft.setState(({ draft }) =>
    draft.symbol === symbol
      ? {}
      : {
          draft: { ...draft, symbol, limitPrice: "", stopPrice: "", trailAmount: "", qty: "", notional: "" },
        },
  );
}

/** The id under which this content is sent: the same one as long as its outcome is unknown. */
export function intentFor(content: string): Intent {
  const known = useDraft.getState().intent;
  if (known?.content === content) return known;
  const intent = { clientOrderId: crypto.randomUUID(), content };
  useDraft.setState({ intent });
  return intent;
}

/** The server has answered: the next submission is a new intent. */
export function intentSettled(): void {
  useDraft.setState({ intent: undefined });
}

/** Signed out: what one person typed is not shown to the next. */
export function forgetDraft(): void {
  useDraft.setState({ draft: FIRST_DRAFT, intent: undefined });
}
