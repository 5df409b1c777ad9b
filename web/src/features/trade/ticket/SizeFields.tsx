//! Owns how much is ordered: shares or an amount, with the quick steps.

import { SegmentedControl } from "@mantine/core";
import type { RefObject } from "react";
import type { Instrument } from "../../../api/types";
import { ONE, parseDecimal } from "../../../decimal";
import { formatQty } from "../../../format";
import type { Draft } from "../../../store/draft";
import { useQuote } from "../../../store/useQuote";
import { allowsAmount } from "../orderRules";
import { type Funds, QUICK_STEPS, quickSize } from "./estimate";
import { FigureInput } from "./FigureInput";
import type { FieldErrors } from "./fields";
import { Steps } from "./Steps";
import classes from "./Ticket.module.css";

interface SizeFieldsProps {
  draft: Draft;
  instrument: Instrument | undefined;
  funds: Funds;
  errors: FieldErrors;
  sizeRef: RefObject<HTMLInputElement | null>;
  onEdit: (change: Partial<Draft>) => void;
}

export function SizeFields({ draft, instrument, funds, errors, sizeRef, onEdit }: SizeFieldsProps) {
  const shares = draft.sizing === "shares";
  return (
    <div className={classes.block}>
      {allowsAmount(draft.orderClass) && (
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
      )}
      <FigureInput
        inputRef={sizeRef}
        label={shares ? "Quantity" : "Amount ($)"}
        help={shares ? lotHelp(instrument) : "Becomes shares at the price it trades at."}
        placeholder={shares ? "0" : "0.00"}
        value={shares ? draft.qty : draft.notional}
        error={shares ? errors.qty : errors.notional}
        onText={(text) => onEdit(shares ? { qty: text } : { notional: text })}
      />
      <QuickSizes draft={draft} instrument={instrument} funds={funds} onEdit={onEdit} />
    </div>
  );
}

type QuickSizesProps = Pick<SizeFieldsProps, "draft" | "instrument" | "funds" | "onEdit">;

/** Sizes that follow the price: only they are drawn again when it moves. */
function QuickSizes({ draft, instrument, funds, onEdit }: QuickSizesProps) {
  const quote = useQuote(draft.symbol);
  const steps = QUICK_STEPS.map((step) => ({
    label: step === 100 ? "Max" : `${step}%`,
    text: quickSize(step, draft, quote, instrument, funds),
  }));
  return (
    <Steps
      steps={steps}
      onText={(text) => onEdit(draft.sizing === "shares" ? { qty: text } : { notional: text })}
    />
  );
}

/** In what steps it is traded: only worth a line where these are not whole shares. */
function lotHelp(instrument: Instrument | undefined): string {
  const lot = parseDecimal(instrument?.lot_size);
  return lot === undefined || lot === ONE ? "In whole shares." : `In steps of ${formatQty(lot)}.`;
}
