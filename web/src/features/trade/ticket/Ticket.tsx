//! Owns the order ticket: the fields that the chosen type needs, the order in words, its cost, and the sending.

import { Alert, Button, NativeSelect } from "@mantine/core";
import { type FormEvent, type RefObject, useMemo, useState } from "react";
import { decimalOrZero } from "../../../decimal";
import { precisionOfStep } from "../../../format";
import { editDraft, useDraft } from "../../../store/draft";
import { useTrading } from "../../../store/trading";
import { useQuote } from "../../../store/useQuote";
import { sellableQtyOf, useInstrument } from "../data";
import { EstimateView } from "./EstimateView";
import { estimateOf } from "./estimate";
import { PriceFields } from "./PriceFields";
import { QuoteView } from "./QuoteView";
import { SizeFields } from "./SizeFields";
import classes from "./Ticket.module.css";
import { type FieldErrors, ORDER_TYPES, sentenceOf, TIMES_IN_FORCE, validate } from "./ticketModel";
import { useSubmit } from "./useSubmit";

interface TicketProps {
  sizeRef: RefObject<HTMLInputElement | null>;
}

export function Ticket({ sizeRef }: TicketProps) {
  const draft = useDraft((state) => state.draft);
  const ledger = useTrading((trading) => trading.ledger);
  const quote = useQuote(draft.symbol);
  const instrument = useInstrument(draft.symbol);
  const [touched, setTouched] = useState<FieldErrors>({});
  const { state, submit, forgetAnswer } = useSubmit();

  const funds = useMemo(
    () => ({
      buyingPower: decimalOrZero(ledger?.portfolio.buying_power),
      sellableQty: ledger === undefined ? decimalOrZero(null) : sellableQtyOf(ledger, draft.symbol),
    }),
    [ledger, draft.symbol],
  );
  const estimate = estimateOf(draft, quote, instrument, funds);
  const precision = precisionOfStep(instrument?.tick_size);
  const errors = { ...touched, ...state.fieldErrors };
  const type = ORDER_TYPES.find((known) => known.type === draft.type);
  const inForce = TIMES_IN_FORCE.find((known) => known.value === draft.timeInForce);

  function edit(change: Parameters<typeof editDraft>[0]): void {
    editDraft(change);
    setTouched({});
    forgetAnswer();
  }

  function send(event: FormEvent): void {
    event.preventDefault();
    const found = validate(draft, instrument);
    setTouched(found);
    if (Object.keys(found).length === 0 && ledger !== undefined) void submit(draft, ledger.portfolio.id);
  }

  return (
    <form className={classes.ticket} aria-label="Order ticket" onSubmit={send} noValidate>
      <QuoteView
        symbol={draft.symbol}
        quote={quote}
        precision={precision}
        onPick={(price) => edit(pickPrice(draft.type, price))}
      />
      <SidePicker side={draft.side} onSide={(side) => edit({ side })} />
      <NativeSelect
        label="Order type"
        size="xs"
        value={draft.type}
        description={type?.meaning}
        inputWrapperOrder={["label", "input", "description"]}
        onChange={(event) => {
          const { value } = event.currentTarget;
          const chosen = ORDER_TYPES.find((known) => known.type === value);
          if (chosen !== undefined) edit({ type: chosen.type });
        }}
        data={ORDER_TYPES.map(({ type: value, label }) => ({ value, label }))}
      />
      <SizeFields
        draft={draft}
        quote={quote}
        instrument={instrument}
        funds={funds}
        errors={errors}
        sizeRef={sizeRef}
        onEdit={edit}
      />
      <PriceFields draft={draft} errors={errors} precision={precision} onEdit={edit} />
      <NativeSelect
        label="Time in force"
        size="xs"
        value={draft.timeInForce}
        description={inForce?.meaning}
        error={errors.time_in_force}
        inputWrapperOrder={["label", "input", "description", "error"]}
        onChange={(event) => {
          const { value } = event.currentTarget;
          const chosen = TIMES_IN_FORCE.find((known) => known.value === value);
          if (chosen !== undefined) edit({ timeInForce: chosen.value });
        }}
        data={TIMES_IN_FORCE.map(({ value, label }) => ({ value, label }))}
      />
      <div className={classes.foot}>
        <p className={classes.sentence}>{sentenceOf(draft, precision)}</p>
        <EstimateView draft={draft} estimate={estimate} funds={ledger === undefined ? undefined : funds} />
        {state.message !== undefined && (
          <Alert color="orange" role="alert" title={state.title} p="xs">
            {state.message}
          </Alert>
        )}
        <Button
          type="submit"
          fullWidth
          size="sm"
          className={(draft.side === "BUY" ? classes.buy : classes.sell) ?? ""}
          disabled={ledger === undefined}
          loading={state.sending}
          data-placed={state.justPlaced}
        >
          {draft.side === "BUY" ? "Place buy order" : "Place sell order"}
        </Button>
      </div>
    </form>
  );
}

/** A pressed price goes where it is meant: into the limit, making a market order one. */
function pickPrice(type: string, price: string): Parameters<typeof editDraft>[0] {
  if (type === "STOP") return { stopPrice: price };
  return type === "LIMIT" || type === "STOP_LIMIT"
    ? { limitPrice: price }
    : { type: "LIMIT", limitPrice: price };
}

function SidePicker({ side, onSide }: { side: "BUY" | "SELL"; onSide: (side: "BUY" | "SELL") => void }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a row in every browser.
    <div className={classes.sides} role="group" aria-label="Side">
      <button
        type="button"
        className={classes.side}
        data-side="BUY"
        aria-pressed={side === "BUY"}
        onClick={() => onSide("BUY")}
      >
        Buy
      </button>
      <button
        type="button"
        className={classes.side}
        data-side="SELL"
        aria-pressed={side === "SELL"}
        onClick={() => onSide("SELL")}
      >
        Sell
      </button>
    </div>
  );
}
