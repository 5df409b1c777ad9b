//! Owns how much is ordered: shares or an amount, with the quick steps.

import { Button, SegmentedControl, TextInput } from "@mantine/core";
import type { RefObject } from "react";
import type { Instrument, Quote } from "../../../api/types";
import type { Draft } from "../../../store/draft";
import { type Funds, QUICK_STEPS, quickSize } from "./estimate";
import classes from "./Ticket.module.css";
import type { FieldErrors } from "./ticketModel";

interface SizeFieldsProps {
  draft: Draft;
  quote: Quote | undefined;
  instrument: Instrument | undefined;
  funds: Funds;
  errors: FieldErrors;
  sizeRef: RefObject<HTMLInputElement | null>;
  onEdit: (change: Partial<Draft>) => void;
}

export function SizeFields({ draft, quote, instrument, funds, errors, sizeRef, onEdit }: SizeFieldsProps) {
  const shares = draft.sizing === "shares";
  return (
    <div className={classes.block}>
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label="Size in shares or dollars"
        value={draft.sizing}
        onChange={(value) => onEdit({ sizing: value === "amount" ? "amount" : "shares" })}
        data={[
          { value: "shares", label: "Shares" },
          { value: "amount", label: "Amount" },
        ]}
      />
      <TextInput
        ref={sizeRef}
        label={shares ? "Quantity" : "Amount ($)"}
        size="xs"
        inputMode="decimal"
        autoComplete="off"
        placeholder={shares ? "0" : "0.00"}
        classNames={{ input: classes.figure ?? "" }}
        value={shares ? draft.qty : draft.notional}
        error={shares ? errors.qty : errors.notional}
        onChange={(event) => {
          const { value } = event.currentTarget;
          onEdit(shares ? { qty: value } : { notional: value });
        }}
      />
      <div className={classes.steps}>
        {QUICK_STEPS.map((step) => {
          const size = quickSize(step, draft, quote, instrument, funds);
          return (
            <Button
              key={step}
              size="compact-xs"
              variant="default"
              disabled={size === undefined}
              onClick={() => size !== undefined && onEdit(shares ? { qty: size } : { notional: size })}
            >
              {step === 100 ? "Max" : `${step}%`}
            </Button>
          );
        })}
      </div>
    </div>
  );
}
