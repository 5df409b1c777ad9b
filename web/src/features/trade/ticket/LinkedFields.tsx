//! Owns what hangs on an order: nothing, its exits, or other orders; and the fields of each.

import { NativeSelect } from "@mantine/core";
import type { Instrument, OrderClass } from "../../../api/types";
import { type Draft, newLeg } from "../../../store/draft";
import { CLASS_NAMES } from "../orderNames";
import { hasExits, hasLegs, legsMin, ORDER_CLASSES } from "../orderRules";
import { ExitFields } from "./ExitFields";
import type { Funds } from "./estimate";
import { exitFieldsOf, type FieldErrors } from "./fields";
import { LegFields } from "./LegFields";

interface LinkedFieldsProps {
  /** As it would be sent. */
  draft: Draft;
  /** As typed: nothing that another class has is lost by choosing one. */
  typed: Draft;
  instrument: Instrument | undefined;
  funds: Funds;
  precision: number;
  errors: FieldErrors;
  onEdit: (change: Partial<Draft>) => void;
}

export function LinkedFields(props: LinkedFieldsProps) {
  const { draft, typed, errors, onEdit } = props;
  return (
    <>
      <NativeSelect
        label="What follows"
        size="xs"
        value={draft.orderClass}
        description={CLASS_NAMES[draft.orderClass].meaning}
        error={errors.order_class}
        inputWrapperOrder={["label", "input", "description", "error"]}
        onChange={(event) => {
          const { value } = event.currentTarget;
          const chosen = ORDER_CLASSES.find((known) => known === value);
          if (chosen !== undefined) onEdit(choose(typed, chosen));
        }}
        data={ORDER_CLASSES.map((value) => ({ value, label: CLASS_NAMES[value].label }))}
      />
      {hasExits(draft.orderClass) && <ExitFields {...props} />}
      {hasLegs(draft.orderClass) && <LegFields {...props} />}
    </>
  );
}

/** A class comes with as many legs as it needs; those typed before stay. */
function choose(draft: Draft, orderClass: OrderClass): Partial<Draft> {
  if (!hasLegs(orderClass)) return { orderClass };
  const next: Draft = { ...draft, orderClass };
  const legs = [...draft.legs];
  while (legs.length < legsMin(orderClass)) legs.push(newLeg({ ...next, legs }));
  return { orderClass, legs };
}

/** What hangs on the order, in a few words. */
export function linkedSummary(draft: Draft): string {
  switch (draft.orderClass) {
    case "SIMPLE":
      return "";
    case "BRACKET":
      return exitsSummary(draft);
    case "OCO":
      return "OCO";
    case "OTO":
      return draft.legs.length === 1 ? "then 1 order" : `then ${draft.legs.length} orders`;
    case "OTOCO":
      return `then one of ${draft.legs.length}`;
  }
}

function exitsSummary(draft: Draft): string {
  const fields = exitFieldsOf(draft);
  const profit = fields.includes("take_profit.limit_price");
  const loss = fields.some((field) => field.startsWith("stop_loss"));
  if (profit && loss) return "both exits";
  return profit ? "take profit" : loss ? "stop loss" : "";
}
