//! Owns what a person has typed into the order ticket, and the intent to submit it. Survives navigation, reconnects and
//! a reload of the tab. Invariant: one intent has one client order id, whatever number of times it is sent.

import { create } from "zustand";
import { createJSONStorage, persist } from "zustand/middleware";
import type { OrderClass, OrderType, PegReference, Side, TimeInForce, TriggerSource } from "../api/types";

/** What one order asks for, as typed: every figure is the person's own text. */
export interface Terms {
  readonly side: Side;
  readonly type: OrderType;
  readonly qty: string;
  readonly limitPrice: string;
  readonly stopPrice: string;
  readonly triggerPrice: string;
  readonly trailBy: "amount" | "percent";
  readonly trailAmount: string;
  readonly trailPercent: string;
  readonly limitOffset: string;
  readonly activationPrice: string;
  readonly pegReference: PegReference;
  readonly pegOffset: string;
  readonly pegCap: string;
  readonly timeInForce: TimeInForce;
  /** A local date and time such as `2026-11-21T16:00`, as the browser's own field gives it. */
  readonly expiresAt: string;
}

/** How a position is left again: with a profit, or before a loss grows. */
export interface Exits {
  readonly withTakeProfit: boolean;
  readonly takeProfit: string;
  readonly withStopLoss: boolean;
  readonly stopLossBy: "price" | "amount" | "percent";
  readonly stopLoss: string;
  /** Turns the stop into a stop-limit; only beside a price. */
  readonly stopLossLimit: string;
  readonly stopLossAmount: string;
  readonly stopLossPercent: string;
}

/** An order that is sent with another. */
export interface Leg extends Terms {
  readonly key: string;
  /** Another symbol than the ticket's; empty for the same. */
  readonly symbol: string;
}

/** The ticket as typed. What its type does not have stays in it and is not sent: see `orderRules`. */
export interface Draft extends Terms {
  readonly symbol: string;
  readonly sizing: "shares" | "amount";
  readonly notional: string;
  readonly orderClass: OrderClass;
  readonly exits: Exits;
  readonly legs: readonly Leg[];
  readonly extendedHours: boolean;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  readonly displayQty: string;
  readonly triggerSource: TriggerSource;
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

const FIRST_TERMS: Terms = {
  side: "BUY",
  type: "MARKET",
  qty: "",
  limitPrice: "",
  stopPrice: "",
  triggerPrice: "",
  trailBy: "percent",
  trailAmount: "",
  trailPercent: "",
  limitOffset: "",
  activationPrice: "",
  pegReference: "PRIMARY",
  pegOffset: "",
  pegCap: "",
  timeInForce: "DAY",
  expiresAt: "",
};

const FIRST_EXITS: Exits = {
  withTakeProfit: true,
  takeProfit: "",
  withStopLoss: true,
  stopLossBy: "price",
  stopLoss: "",
  stopLossLimit: "",
  stopLossAmount: "",
  stopLossPercent: "",
};

export const FIRST_DRAFT: Draft = {
  ...FIRST_TERMS,
  symbol: "AAPL",
  sizing: "shares",
  notional: "",
  orderClass: "SIMPLE",
  exits: FIRST_EXITS,
  legs: [],
  extendedHours: false,
  postOnly: false,
  reduceOnly: false,
  displayQty: "",
  triggerSource: "LAST",
};

/** What a symbol's prices and sizes are typed into: wrong for another symbol. */
const FIGURES_OF_SYMBOL = {
  qty: "",
  limitPrice: "",
  stopPrice: "",
  triggerPrice: "",
  trailAmount: "",
  limitOffset: "",
  activationPrice: "",
  pegOffset: "",
  pegCap: "",
} as const satisfies Partial<Terms>;

type Stored = Partial<{ draft: Partial<Draft>; intent: Intent }>;

export const useDraft = create<DraftState>()(
  persist((): DraftState => ({ draft: FIRST_DRAFT, intent: undefined }), {
    name: "papertape.draft",
    storage: createJSONStorage(() => sessionStorage),
    // A tab that was opened by an older page keeps what it knows of; the rest begins as new.
    merge: (stored, current) => {
      const { draft, intent } = (stored ?? {}) as Stored;
      return {
        ...current,
        intent,
        draft: { ...FIRST_DRAFT, ...draft, exits: { ...FIRST_EXITS, ...draft?.exits } },
      };
    },
  }),
);

export function editDraft(change: Partial<Draft>): void {
  useDraft.setState(({ draft }) => ({ draft: { ...draft, ...turned(draft, change.side), ...change } }));
}

/** Whoever turns an order round turns round what follows it. */
function turned(draft: Draft, side: Side | undefined): Partial<Draft> {
  if (side === undefined || side === draft.side) return {};
  return { legs: draft.legs.map((leg) => ({ ...leg, side: leg.side === "BUY" ? "SELL" : "BUY" })) };
}

/** Chooses the instrument; prices typed for another one would be wrong for it. */
export function chooseSymbol(symbol: string): void {
  useDraft.setState(({ draft }) =>
    draft.symbol === symbol
      ? {}
      : {
          draft: {
            ...draft,
            ...FIGURES_OF_SYMBOL,
            symbol,
            notional: "",
            displayQty: "",
            exits: {
              ...draft.exits,
              takeProfit: "",
              stopLoss: "",
              stopLossLimit: "",
              stopLossAmount: "",
            },
            legs: draft.legs.map((leg) => (leg.symbol === "" ? { ...leg, ...FIGURES_OF_SYMBOL } : leg)),
          },
        },
  );
}

/** A new leg for a ticket: the other side, at the market, of the ticket's symbol. */
export function newLeg(draft: Draft): Leg {
  const side = draft.legs.at(-1)?.side ?? (draft.side === "BUY" ? "SELL" : "BUY");
  const type = draft.orderClass === "OTOCO" ? "LIMIT" : "MARKET";
  return { ...FIRST_TERMS, key: crypto.randomUUID(), symbol: "", side, type, timeInForce: "GTC" };
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
