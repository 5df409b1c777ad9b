//! Owns the prices of an order: those its type has, and no others, each with what it means for this side.

import { NativeSelect, SegmentedControl } from "@mantine/core";
import type { PegReference, Side } from "../../../api/types";
import type { Terms } from "../../../store/draft";
import { PEG_NAMES } from "../orderNames";
import { type PriceField, priceFieldsOf, trails } from "../orderRules";
import { FigureInput } from "./FigureInput";
import { KEYS, type TermField, textOf } from "./fields";
import classes from "./Ticket.module.css";

interface PriceFieldsProps {
  terms: Terms;
  errorOf: (field: TermField) => string | undefined;
  precision: number;
  onEdit: (change: Partial<Terms>) => void;
}

const LABELS: Record<PriceField, string> = {
  limit_price: "Limit price",
  stop_price: "Stop price",
  trigger_price: "Trigger price",
  trail_amount: "Trail by ($)",
  trail_percent: "Trail by (%)",
  limit_offset: "Limit offset ($)",
  activation_price: "Follow from",
  "peg.offset": "Offset ($)",
  "peg.cap": "Never beyond",
};

const PEG_REFERENCES = Object.keys(PEG_NAMES) as readonly PegReference[];

export function PriceFields({ terms, errorOf, precision, onEdit }: PriceFieldsProps) {
  const { needed, optional } = priceFieldsOf(terms.type, terms.trailBy);
  const fields = [...needed, ...optional];
  if (fields.length === 0) return null;
  const isPegged = terms.type === "PEGGED";
  return (
    <div className={classes.block}>
      {isPegged && (
        <NativeSelect
          label="Follows"
          size="xs"
          value={terms.pegReference}
          description={PEG_NAMES[terms.pegReference].meaning}
          error={errorOf("peg.reference")}
          inputWrapperOrder={["label", "input", "description", "error"]}
          onChange={(event) => {
            const { value } = event.currentTarget;
            const chosen = PEG_REFERENCES.find((known) => known === value);
            if (chosen !== undefined) onEdit({ pegReference: chosen });
          }}
          data={PEG_REFERENCES.map((value) => ({ value, label: PEG_NAMES[value].label }))}
        />
      )}
      {trails(terms.type) && (
        <SegmentedControl
          size="xs"
          fullWidth
          aria-label="Trail by dollars or per cent"
          value={terms.trailBy}
          onChange={(value) => onEdit({ trailBy: value === "amount" ? "amount" : "percent" })}
          data={[
            { value: "percent", label: "Per cent" },
            { value: "amount", label: "Dollars" },
          ]}
        />
      )}
      <div className={classes.prices}>
        {fields.map((field) => (
          <FigureInput
            key={field}
            label={LABELS[field]}
            help={helpOf(field, terms)}
            value={textOf(terms, field)}
            error={errorOf(field)}
            placeholder={optional.includes(field) ? "optional" : placeholderOf(field, precision)}
            onText={(text) => onEdit({ [KEYS[field]]: text })}
          />
        ))}
      </div>
    </div>
  );
}

const placeholderOf = (field: PriceField, precision: number): string =>
  field === "trail_percent" ? "0" : (0).toFixed(precision);

/** What a figure means, in half a line. */
function helpOf(field: PriceField, { side, pegReference }: Terms): string {
  const words: Record<PriceField, Record<Side, string>> = {
    limit_price: { BUY: "The most you pay.", SELL: "The least you take." },
    stop_price: { BUY: "Set off when the price rises to it.", SELL: "Set off when the price falls to it." },
    trigger_price: {
      BUY: "Set off when the price falls to it.",
      SELL: "Set off when the price rises to it.",
    },
    trail_amount: {
      BUY: "How far the stop stays above the low.",
      SELL: "How far the stop stays below the high.",
    },
    trail_percent: {
      BUY: "How far the stop stays above the low.",
      SELL: "How far the stop stays below the high.",
    },
    limit_offset: { BUY: "How far above its stop you pay.", SELL: "How far below its stop you sell." },
    activation_price: {
      BUY: "Begins once the price falls to it; empty: at once.",
      SELL: "Begins once the price rises to it; empty: at once.",
    },
    "peg.offset":
      pegReference === "MARKET"
        ? { BUY: "How far below the ask.", SELL: "How far above the bid." }
        : { BUY: "Higher by so much; −0.01 is lower.", SELL: "Lower by so much; −0.01 is higher." },
    "peg.cap": { BUY: "The most you pay.", SELL: "The least you take." },
  };
  return words[field][side];
}
