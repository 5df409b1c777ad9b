//! Owns how long an order works: the choices of its type, and for a date the end in the reader's and the exchange's time.

import { NativeSelect, TextInput } from "@mantine/core";
import type { Instrument, TimeInForce } from "../../../api/types";
import { formatInZone } from "../../../format";
import type { Terms } from "../../../store/draft";
import { useClock } from "../data";
import { TIME_NAMES } from "../orderNames";
import { daysAfter, exchangeZoneOf, instantOf, localTextOf, readersZone } from "./expiry";
import type { TermField } from "./fields";
import { Steps } from "./Steps";
import classes from "./Ticket.module.css";

interface DurationFieldsProps {
  terms: Terms;
  times: readonly TimeInForce[];
  instrument: Instrument | undefined;
  errorOf: (field: TermField) => string | undefined;
  onEdit: (change: Partial<Terms>) => void;
}

export function DurationFields({ terms, times, instrument, errorOf, onEdit }: DurationFieldsProps) {
  return (
    <div className={classes.block}>
      <NativeSelect
        label="Time in force"
        size="xs"
        value={terms.timeInForce}
        description={TIME_NAMES[terms.timeInForce].meaning}
        error={errorOf("time_in_force")}
        inputWrapperOrder={["label", "input", "description", "error"]}
        onChange={(event) => {
          const { value } = event.currentTarget;
          const chosen = times.find((known) => known === value);
          if (chosen !== undefined) onEdit({ timeInForce: chosen });
        }}
        data={times.map((value) => ({ value, label: TIME_NAMES[value].label }))}
      />
      {terms.timeInForce === "GTD" && (
        <EndField terms={terms} instrument={instrument} error={errorOf("expires_at")} onEdit={onEdit} />
      )}
    </div>
  );
}

interface EndFieldProps extends Pick<DurationFieldsProps, "terms" | "instrument" | "onEdit"> {
  error: string | undefined;
}

function EndField({ terms, instrument, error, onEdit }: EndFieldProps) {
  const { zone, place } = exchangeZoneOf(instrument);
  const end = instantOf(terms.expiresAt);
  const own = readersZone();
  const there = end === undefined || own === zone ? "" : ` That is ${formatInZone(end, zone)} in ${place}.`;
  const where = place === zone ? zone : `${place} time`;
  const help =
    own === zone
      ? `In your time, which is ${where}.`
      : `In your time (${own}).${there || ` The exchange is on ${where}.`}`;
  return (
    <>
      <TextInput
        type="datetime-local"
        label="Good until"
        size="xs"
        max="2199-12-31T23:59"
        value={terms.expiresAt}
        description={help}
        error={error}
        inputWrapperOrder={["label", "input", "description", "error"]}
        onChange={(event) => onEdit({ expiresAt: event.currentTarget.value })}
      />
      <EndSteps onEnd={(expiresAt) => onEdit({ expiresAt })} />
    </>
  );
}

const END_STEPS = [
  { label: "Close", days: 0 },
  { label: "+1 week", days: 7 },
  { label: "+1 month", days: 30 },
] as const;

/** The market's next close, and the same time later: one press instead of a date. */
function EndSteps({ onEnd }: { onEnd: (localText: string) => void }) {
  const close = useClock().data?.next_close;
  const steps = END_STEPS.map(({ label, days }) => ({
    label,
    text: close === undefined ? undefined : localTextOf(daysAfter(new Date(close), days)),
  }));
  return <Steps steps={steps} onText={onEnd} />;
}
