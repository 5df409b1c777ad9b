//! Owns the sending of a ticket. Invariant: one press is one intent with one client order id; a double press, a repeat
//! after a lost reply and a reload of the tab all send the same id, and so never trade twice.

import { useCallback, useEffect, useRef, useState } from "react";
import { submitOrder } from "../../../api/paper";
import { messageOf, Problem } from "../../../api/problem";
import type { Order } from "../../../api/types";
import { notify } from "../../../notice";
import { type Draft, editDraft, intentFor, intentSettled, useDraft } from "../../../store/draft";
import { orderReplied, useTrading } from "../../../store/trading";
import { sideWord } from "../orderNames";
import { hasEntry } from "../orderRules";
import { refusalOf, sizeOf } from "../words";
import { applied, type Field, type FieldErrors, fieldsOf } from "./fields";
import { requestOf } from "./request";

/** After an order is placed the button rests this long, or until the ticket changes: a double click is one order. */
const REST_MS = 700;

export interface SubmitState {
  readonly sending: boolean;
  readonly justPlaced: boolean;
  readonly fieldErrors: FieldErrors;
  readonly title?: string | undefined;
  readonly message?: string | undefined;
}

const QUIET: SubmitState = { sending: false, justPlaced: false, fieldErrors: {} };

export function useSubmit() {
  const [state, setState] = useState<SubmitState>(QUIET);
  const busy = useRef(false);
  const resting = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(resting.current), []);

  // The reply was lost and yet the order came: the stream tells of it, and the next press is a new order.
  const orders = useTrading(({ ledger }) => ledger?.orders);
  const settleArrived = useCallback((known: ReadonlyMap<string, Order> | undefined): void => {
    const { intent } = useDraft.getState();
    if (intent === undefined || busy.current) return;
    const arrived = [...(known?.values() ?? [])].find(
      (order) => order.client_order_id === intent.clientOrderId,
    );
    if (arrived === undefined) return;
    intentSettled();
    editDraft({ qty: "", notional: "" });
    setState(QUIET);
    notify("told", "The order had arrived", `${sideWord(arrived.side)} ${sizeOf(arrived)} ${arrived.symbol}`);
  }, []);
  useEffect(() => settleArrived(orders), [orders, settleArrived]);

  const rested = useCallback((): void => {
    clearTimeout(resting.current);
    resting.current = undefined;
    busy.current = false;
    setState((now) => ({ ...now, justPlaced: false }));
  }, []);

  const submit = useCallback(
    async (draft: Draft, portfolioId: string): Promise<void> => {
      if (busy.current) return;
      busy.current = true;
      setState({ ...QUIET, sending: true });
      const request = requestOf(draft, portfolioId);
      const intent = intentFor(JSON.stringify(request));
      try {
        const order = await submitOrder({ ...request, client_order_id: intent.clientOrderId });
        intentSettled();
        orderReplied(order);
        editDraft({ qty: "", notional: "" });
        setState({ ...QUIET, justPlaced: true });
        if (order.status === "NEW") {
          notify(
            "told",
            "Order placed",
            `${sideWord(order.side)} ${sizeOf(order)} ${order.symbol}${withWords(draft)}`,
          );
        }
        resting.current = setTimeout(rested, REST_MS);
      } catch (error) {
        busy.current = false;
        const outcomeUnknown = error instanceof Problem && error.outcomeUnknown;
        if (!outcomeUnknown) intentSettled();
        if (error instanceof Problem && error.order !== undefined) orderReplied(error.order);
        setState({ ...QUIET, ...failureOf(error, draft) });
        settleArrived(useTrading.getState().ledger?.orders);
      }
    },
    [settleArrived, rested],
  );

  const forgetAnswer = useCallback(() => {
    // Whoever changes the ticket means another order, and need not wait.
    if (resting.current !== undefined) rested();
    setState((now) =>
      now.sending || (now.message === undefined && Object.keys(now.fieldErrors).length === 0)
        ? now
        : { ...now, fieldErrors: {}, title: undefined, message: undefined },
    );
  }, [rested]);

  return { state, submit, forgetAnswer };
}

/** The failure beside the field it names, where the ticket shows that field; otherwise above the button. */
export function failureOf(
  error: unknown,
  draft: Draft,
): Pick<SubmitState, "fieldErrors" | "title" | "message"> {
  if (!(error instanceof Problem)) return { fieldErrors: {}, title: "Not sent", message: messageOf(error) };
  if (error.outcomeUnknown) {
    return {
      fieldErrors: {},
      title: "No answer yet",
      message: `${error.message} It is safe to press the button again: the same order is never placed twice.`,
    };
  }
  const words = error.status === 422 ? refusalOf(error.code, error.message) : error.message;
  const field = error.field === undefined ? undefined : shownField(error.field, fieldsOf(applied(draft)));
  if (field !== undefined) return { fieldErrors: { [field]: words } };
  return { fieldErrors: {}, title: error.status === 422 ? "Order refused" : "Not placed", message: words };
}

/** The field on the ticket that the server means: it may name a whole part, or the other kind of a trail. */
function shownField(named: string, shown: readonly Field[]): Field | undefined {
  const path = named.replace(/\[(\d+)\]/g, ".$1");
  const twin = path.replace(/trail_(amount|percent)$/, (_, kind) =>
    kind === "amount" ? "trail_percent" : "trail_amount",
  );
  return (
    shown.find((field) => field === path) ??
    shown.find((field) => field === twin) ??
    shown.find((field) => field.startsWith(`${path}.`)) ??
    shown.find((field) => field === "legs" && path.startsWith("legs"))
  );
}

/** What was sent with the order, for the notice. */
function withWords(typed: Draft): string {
  const draft = applied(typed);
  if (!hasEntry(draft.orderClass)) return ", with its stop";
  if (draft.legs.length > 0)
    return draft.legs.length === 1 ? ", then 1 order" : `, then ${draft.legs.length} orders`;
  return draft.orderClass === "BRACKET" ? ", with its exits" : "";
}
