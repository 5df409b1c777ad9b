//! Owns the order ticket: the fields that the chosen type needs, the order in words, its cost, and the sending. What most
//! orders do without is folded away.

import { Alert, Button } from "@mantine/core";
import { type FormEvent, type RefObject, useEffect, useMemo, useRef, useState } from "react";
import type { Instrument } from "../../../api/types";
import { decimalOrZero } from "../../../decimal";
import { precisionOfStep } from "../../../format";
import { type Draft, editDraft, useDraft } from "../../../store/draft";
import { useTrading } from "../../../store/trading";
import { sellableQtyOf, useClock, useInstrument } from "../data";
import { CLASS_NAMES, sideWord } from "../orderNames";
import { flagsOf, hasEntry, priceFieldsOf, timesInForceOf } from "../orderRules";
import { DurationFields } from "./DurationFields";
import { EstimateView } from "./EstimateView";
import type { Funds } from "./estimate";
import { Fold } from "./Fold";
import { applied, type Field, type FieldErrors, type Part, partOf } from "./fields";
import { LinkedFields, linkedSummary } from "./LinkedFields";
import { OptionFields, optionsSummary } from "./OptionFields";
import { PriceFields } from "./PriceFields";
import { QuoteView } from "./QuoteView";
import { SidePicker } from "./SidePicker";
import { SizeFields } from "./SizeFields";
import { dayEndOf, sentenceOf } from "./sentence";
import classes from "./Ticket.module.css";
import { TypePicker } from "./TypePicker";
import { type SubmitState, useSubmit } from "./useSubmit";
import { validate } from "./validate";

interface TicketProps {
  sizeRef: RefObject<HTMLInputElement | null>;
}

export function Ticket({ sizeRef }: TicketProps) {
  const typed = useDraft((state) => state.draft);
  const draft = useMemo(() => applied(typed), [typed]);
  const ledger = useTrading((trading) => trading.ledger);
  const instrument = useInstrument(draft.symbol);
  const form = useRef<HTMLFormElement>(null);
  const [touched, setTouched] = useState<FieldErrors>({});
  const { state, submit, forgetAnswer } = useSubmit();
  const folds = useFolds(draft);
  const showFault = useFaultFocus(form, folds.open);

  const funds = useMemo(
    () => ({
      buyingPower: decimalOrZero(ledger?.portfolio.buying_power),
      sellableQty: ledger === undefined ? decimalOrZero(null) : sellableQtyOf(ledger, draft.symbol),
    }),
    [ledger, draft.symbol],
  );
  const precision = precisionOfStep(instrument?.tick_size);
  const errors: FieldErrors = { ...touched, ...state.fieldErrors };
  useEffect(() => showFault(state.fieldErrors), [state.fieldErrors, showFault]);

  function edit(change: Partial<Draft>): void {
    editDraft(change);
    setTouched({});
    forgetAnswer();
  }

  function send(event: FormEvent): void {
    event.preventDefault();
    const found = validate(draft, { instrument, now: Date.now() });
    setTouched(found);
    showFault(found);
    if (Object.keys(found).length === 0 && ledger !== undefined) void submit(typed, ledger.portfolio.id);
  }

  const shared = { draft, instrument, funds, errors, onEdit: edit };
  return (
    <form ref={form} className={classes.ticket} aria-label="Order ticket" onSubmit={send} noValidate>
      <QuoteView
        symbol={draft.symbol}
        precision={precision}
        onPick={(price) => edit(pickPrice(draft, price))}
      />
      <SidePicker side={draft.side} onSide={(side) => edit({ side })} />
      {hasEntry(draft.orderClass) ? (
        <TypePicker
          type={draft.type}
          side={draft.side}
          error={errors.type}
          onType={(type) => edit({ type })}
        />
      ) : (
        <ExitsOnly onSimple={() => edit({ orderClass: "SIMPLE" })} />
      )}
      <SizeFields {...shared} sizeRef={sizeRef} />
      {hasEntry(draft.orderClass) && (
        <PriceFields terms={draft} errorOf={(field) => errors[field]} precision={precision} onEdit={edit} />
      )}
      <DurationFields
        terms={draft}
        times={timesInForceOf(draft.type, draft.orderClass)}
        instrument={instrument}
        errorOf={(field) => errors[field]}
        onEdit={edit}
      />
      <div>
        <Fold
          title="Exits and linked orders"
          summary={linkedSummary(draft)}
          opened={folds.linked}
          onToggle={() => folds.toggle("linked")}
        >
          <LinkedFields {...shared} typed={typed} precision={precision} />
        </Fold>
        {flagsOf(draft).length > 0 && (
          <Fold
            title="More options"
            summary={optionsSummary(draft)}
            opened={folds.options}
            onToggle={() => folds.toggle("options")}
          >
            <OptionFields draft={draft} errors={errors} onEdit={edit} />
          </Fold>
        )}
      </div>
      <Foot draft={draft} instrument={instrument} funds={funds} loaded={ledger !== undefined} state={state} />
    </form>
  );
}

interface FootProps {
  draft: Draft;
  instrument: Instrument | undefined;
  funds: Funds;
  loaded: boolean;
  state: SubmitState;
}

/** What it comes to: the order in words, its cost, why it was refused, and the button. */
function Foot({ draft, instrument, funds, loaded, state }: FootProps) {
  const dayEnds = dayEndOf(instrument, useClock().data);
  const precision = precisionOfStep(instrument?.tick_size);
  return (
    <div className={classes.foot}>
      <p className={classes.sentence}>{sentenceOf(draft, { precision, dayEnds })}</p>
      <EstimateView draft={draft} instrument={instrument} funds={funds} loaded={loaded} />
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
        disabled={!loaded}
        loading={state.sending}
        data-placed={state.justPlaced}
      >
        {deedOf(draft)}
      </Button>
    </div>
  );
}

/** What the button does, with how many orders. */
function deedOf({ side, legs, exits, orderClass }: Draft): string {
  const word = sideWord(side).toLowerCase();
  if (!hasEntry(orderClass)) return `Place both ${word} exits`;
  if (orderClass !== "BRACKET")
    return `Place ${word} order${legs.length === 0 ? "" : ` and ${legs.length} more`}`;
  const count = Number(exits.withTakeProfit) + Number(exits.withStopLoss);
  return `Place ${word} order${["", " and 1 exit", " and 2 exits"][count] ?? ""}`;
}

/** A pressed price goes where it is meant: into the price the type has, making a market order a limit order. */
function pickPrice(draft: Draft, price: string): Partial<Draft> {
  if (!hasEntry(draft.orderClass)) return { exits: { ...draft.exits, takeProfit: price } };
  const { needed } = priceFieldsOf(draft.type, draft.trailBy);
  if (needed.includes("limit_price")) return { limitPrice: price };
  if (needed.includes("stop_price")) return { stopPrice: price };
  if (needed.includes("trigger_price")) return { triggerPrice: price };
  if (draft.type === "PEGGED") return { pegCap: price };
  return { type: "LIMIT", limitPrice: price };
}

/** In place of the type: an OCO has none of its own. */
function ExitsOnly({ onSimple }: { onSimple: () => void }) {
  return (
    <div className={classes.note}>
      <p>{CLASS_NAMES.OCO.meaning}</p>
      <button type="button" className={classes.plainButton} onClick={onSimple}>
        Back to a single order
      </button>
    </div>
  );
}

type Folded = Exclude<Part, "order">;

/** Which parts are open. What is set keeps its part open when the page is opened. */
function useFolds(draft: Draft) {
  const [linked, setLinked] = useState(draft.orderClass !== "SIMPLE");
  const [options, setOptions] = useState(optionsSummary(draft) !== "");
  const set = useRef({ linked: setLinked, options: setOptions });
  const open = useRef((part: Folded) => set.current[part](true));
  return {
    linked,
    options,
    open: open.current,
    toggle: (part: Folded) => set.current[part]((opened) => !opened),
  };
}

/** Opens the part in which something is wrong and goes to the first such field. */
function useFaultFocus(
  form: RefObject<HTMLFormElement | null>,
  open: (part: Folded) => void,
): (errors: FieldErrors) => void {
  const show = useRef((errors: FieldErrors) => {
    const fields = Object.keys(errors) as Field[];
    if (fields.length === 0) return;
    for (const part of fields.map(partOf)) if (part !== "order") open(part);
    requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
  });
  return show.current;
}
