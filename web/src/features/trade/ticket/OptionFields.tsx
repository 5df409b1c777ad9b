//! Owns what else may be asked of an order, as far as its type allows it.

import { Checkbox, NativeSelect } from "@mantine/core";
import type { TriggerSource } from "../../../api/types";
import { parseDecimal } from "../../../decimal";
import { formatQty } from "../../../format";
import type { Draft } from "../../../store/draft";
import { SOURCE_NAMES } from "../orderNames";
import { type Flag, flagsOf } from "../orderRules";
import { FigureInput } from "./FigureInput";
import type { FieldErrors } from "./fields";

interface OptionFieldsProps {
  draft: Draft;
  errors: FieldErrors;
  onEdit: (change: Partial<Draft>) => void;
}

type Mark = Extract<Flag, "extended_hours" | "post_only" | "reduce_only">;

const MARKS: readonly {
  flag: Mark;
  key: "extendedHours" | "postOnly" | "reduceOnly";
  label: string;
  help: string;
}[] = [
  {
    flag: "extended_hours",
    key: "extendedHours",
    label: "Extended hours",
    help: "Works before and after the regular session, too.",
  },
  {
    flag: "post_only",
    key: "postOnly",
    label: "Post only",
    help: "Waits in view and never takes; refused if it would trade at once.",
  },
  {
    flag: "reduce_only",
    key: "reduceOnly",
    label: "Reduce only",
    help: "Makes a position smaller and never opens or turns one.",
  },
];

const SOURCES = Object.keys(SOURCE_NAMES) as readonly TriggerSource[];

export function OptionFields({ draft, errors, onEdit }: OptionFieldsProps) {
  const flags = flagsOf(draft);
  return (
    <>
      {MARKS.filter(({ flag }) => flags.includes(flag)).map(({ flag, key, label, help }) => (
        <Checkbox
          key={flag}
          size="xs"
          label={label}
          description={help}
          error={errors[flag]}
          checked={draft[key]}
          onChange={(event) => onEdit({ [key]: event.currentTarget.checked })}
        />
      ))}
      {flags.includes("display_qty") && (
        <FigureInput
          label="Show at a time (iceberg)"
          help="Others see only this many; the rest follows in turn. Empty: all of it."
          placeholder="all"
          value={draft.displayQty}
          error={errors.display_qty}
          onText={(displayQty) => onEdit({ displayQty })}
        />
      )}
      {flags.includes("trigger_source") && (
        <NativeSelect
          label="Set off by"
          size="xs"
          value={draft.triggerSource}
          description={SOURCE_NAMES[draft.triggerSource].meaning}
          error={errors.trigger_source}
          inputWrapperOrder={["label", "input", "description", "error"]}
          onChange={(event) => {
            const { value } = event.currentTarget;
            const chosen = SOURCES.find((known) => known === value);
            if (chosen !== undefined) onEdit({ triggerSource: chosen });
          }}
          data={SOURCES.map((value) => ({ value, label: SOURCE_NAMES[value].label }))}
        />
      )}
    </>
  );
}

/** The options that are on, in a few words. */
export function optionsSummary(draft: Draft): string {
  const flags = flagsOf(draft);
  const marks = MARKS.filter(({ flag, key }) => flags.includes(flag) && draft[key]).map(({ label }) => label);
  const shown = flags.includes("display_qty") ? parseDecimal(draft.displayQty) : undefined;
  const source = flags.includes("trigger_source") && draft.triggerSource !== "LAST";
  const words = [
    ...marks,
    ...(shown === undefined ? [] : [`shows ${formatQty(shown)}`]),
    ...(source ? [SOURCE_NAMES[draft.triggerSource].label] : []),
  ];
  return words.join(", ");
}
