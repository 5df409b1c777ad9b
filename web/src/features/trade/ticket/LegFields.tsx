//! Owns the orders that are sent with another, each a small ticket of its own.

import { Button, TextInput } from "@mantine/core";
import type { Instrument } from "../../../api/types";
import { type Draft, type Leg, newLeg } from "../../../store/draft";
import { LEGS_MAX, legsMin, timesInForceOf } from "../orderRules";
import { DurationFields } from "./DurationFields";
import { FigureInput } from "./FigureInput";
import { type FieldErrors, legField, type TermField } from "./fields";
import { PriceFields } from "./PriceFields";
import { SidePicker } from "./SidePicker";
import classes from "./Ticket.module.css";
import { TypeSelect } from "./TypePicker";

interface LegFieldsProps {
  draft: Draft;
  typed: Draft;
  instrument: Instrument | undefined;
  precision: number;
  errors: FieldErrors;
  onEdit: (change: Partial<Draft>) => void;
}

export function LegFields({ draft, typed, instrument, precision, errors, onEdit }: LegFieldsProps) {
  const { legs } = draft;
  const change = (key: string, part: Partial<Leg>) =>
    onEdit({ legs: typed.legs.map((leg) => (leg.key === key ? { ...leg, ...part } : leg)) });
  return (
    <>
      {legs.map((leg, index) => (
        <LegTicket
          key={leg.key}
          leg={leg}
          draft={draft}
          index={index}
          instrument={instrument}
          precision={precision}
          errorOf={(field) => errors[legField(index, field)]}
          onEdit={(part) => change(leg.key, part)}
          onRemove={() => onEdit({ legs: typed.legs.filter((other) => other.key !== leg.key) })}
        />
      ))}
      {errors.legs !== undefined && (
        <p className={classes.partError} role="alert">
          {errors.legs}
        </p>
      )}
      <Button
        size="compact-sm"
        variant="default"
        disabled={legs.length >= LEGS_MAX}
        onClick={() => onEdit({ legs: [...typed.legs, newLeg(draft)] })}
      >
        Add an order
      </Button>
    </>
  );
}

interface LegTicketProps {
  leg: Leg;
  draft: Draft;
  index: number;
  instrument: Instrument | undefined;
  precision: number;
  errorOf: (field: TermField) => string | undefined;
  onEdit: (change: Partial<Leg>) => void;
  onRemove: () => void;
}

function LegTicket({ leg, draft, index, instrument, precision, errorOf, onEdit, onRemove }: LegTicketProps) {
  const follows = draft.orderClass === "OTO";
  const name = `Linked order ${index + 1}`;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a column in every browser.
    <div className={classes.part} role="group" aria-label={name}>
      <div className={classes.legHead}>
        <strong className={classes.partName}>{name}</strong>
        {draft.legs.length > legsMin(draft.orderClass) && (
          <button
            type="button"
            className={classes.plainButton}
            aria-label={`Remove linked order ${index + 1}`}
            onClick={onRemove}
          >
            Remove
          </button>
        )}
      </div>
      {(follows || index === 0) && (
        <div className={classes.legTop}>
          <SidePicker side={leg.side} small onSide={(side) => onEdit({ side })} />
          <TextInput
            aria-label="Symbol"
            size="xs"
            autoComplete="off"
            spellCheck={false}
            placeholder={draft.symbol}
            value={leg.symbol}
            error={errorOf("symbol")}
            onChange={(event) => onEdit({ symbol: event.currentTarget.value.toUpperCase() })}
          />
        </div>
      )}
      <div className={classes.prices}>
        <TypeSelect type={leg.type} error={errorOf("type")} onType={(type) => onEdit({ type })} />
        {follows && (
          <FigureInput
            label="Quantity"
            help="Empty: as many as fill."
            placeholder="as filled"
            value={leg.qty}
            error={errorOf("qty")}
            onText={(qty) => onEdit({ qty })}
          />
        )}
      </div>
      <PriceFields terms={leg} errorOf={errorOf} precision={precision} onEdit={onEdit} />
      <DurationFields
        terms={leg}
        times={timesInForceOf(leg.type, "SIMPLE")}
        instrument={instrument}
        errorOf={errorOf}
        onEdit={onEdit}
      />
    </div>
  );
}
