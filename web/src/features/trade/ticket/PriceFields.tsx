//! Owns the prices of a ticket: those its type has, and no others.

import { SegmentedControl, TextInput } from "@mantine/core";
import type { Draft } from "../../../store/draft";
import classes from "./Ticket.module.css";
import { type Field, type FieldErrors, priceFields, textOf } from "./ticketModel";

interface PriceFieldsProps {
  draft: Draft;
  errors: FieldErrors;
  precision: number;
  onEdit: (change: Partial<Draft>) => void;
}

type PriceField = "limit_price" | "stop_price" | "trail_amount" | "trail_percent";

const LABELS: Record<PriceField, string> = {
  limit_price: "Limit price",
  stop_price: "Stop price",
  trail_amount: "Trail by ($)",
  trail_percent: "Trail by (%)",
};

const isPriceField = (field: Field): field is PriceField => field in LABELS;

export function PriceFields({ draft, errors, precision, onEdit }: PriceFieldsProps) {
  const fields = priceFields(draft).filter(isPriceField);
  if (fields.length === 0) return null;
  return (
    <div className={classes.block}>
      {draft.type === "TRAILING_STOP" && (
        <SegmentedControl
          size="xs"
          fullWidth
          aria-label="Trail by dollars or per cent"
          value={draft.trailBy}
          onChange={(value) => onEdit({ trailBy: value === "amount" ? "amount" : "percent" })}
          data={[
            { value: "percent", label: "Per cent" },
            { value: "amount", label: "Dollars" },
          ]}
        />
      )}
      <div className={classes.prices}>
        {fields.map((field) => (
          <TextInput
            key={field}
            label={LABELS[field]}
            size="xs"
            inputMode="decimal"
            autoComplete="off"
            placeholder={field === "trail_percent" ? "0" : (0).toFixed(precision)}
            classNames={{ input: classes.figure ?? "" }}
            value={textOf(draft, field)}
            error={errors[field]}
            onChange={(event) => onEdit(changeOf(field, event.currentTarget.value))}
          />
        ))}
      </div>
    </div>
  );
}

function changeOf(field: PriceField, value: string): Partial<Draft> {
  switch (field) {
    case "limit_price":
      return { limitPrice: value };
    case "stop_price":
      return { stopPrice: value };
    case "trail_amount":
      return { trailAmount: value };
    case "trail_percent":
      return { trailPercent: value };
  }
}
