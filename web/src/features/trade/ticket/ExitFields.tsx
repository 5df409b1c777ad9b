//! Owns the two exits of a bracket or of an OCO: where the profit is taken, where the loss is stopped, and what that risks.

import { Checkbox, SegmentedControl } from "@mantine/core";
import type { Instrument } from "../../../api/types";
import type { Draft, Exits } from "../../../store/draft";
import { useQuote } from "../../../store/useQuote";
import { hasEntry } from "../orderRules";
import type { Funds } from "./estimate";
import { EXIT_STEPS, exitAt, outlookOf } from "./exits";
import { FigureInput } from "./FigureInput";
import { exitFieldsOf, type FieldErrors } from "./fields";
import { RiskLadder } from "./RiskLadder";
import { Steps } from "./Steps";
import classes from "./Ticket.module.css";

interface ExitFieldsProps {
  draft: Draft;
  instrument: Instrument | undefined;
  funds: Funds;
  precision: number;
  errors: FieldErrors;
  onEdit: (change: Partial<Draft>) => void;
}

const STOPS = [
  { value: "price", label: "At a price" },
  { value: "percent", label: "Trail %" },
  { value: "amount", label: "Trail $" },
] as const;

export function ExitFields(props: ExitFieldsProps) {
  const { draft, instrument, funds, precision, errors, onEdit } = props;
  const part = {
    draft,
    instrument,
    errors,
    chosen: hasEntry(draft.orderClass),
    sells: hasEntry(draft.orderClass) === (draft.side === "BUY"),
    zero: (0).toFixed(precision),
    onEdit: (change: Partial<Exits>) => onEdit({ exits: { ...draft.exits, ...change } }),
  };
  return (
    <>
      <TakeProfit {...part} />
      <StopLoss {...part} />
      <LiveLadder draft={draft} instrument={instrument} funds={funds} precision={precision} />
    </>
  );
}

interface PartProps {
  draft: Draft;
  instrument: Instrument | undefined;
  errors: FieldErrors;
  /** Whether the person chooses which of the two there are. */
  chosen: boolean;
  /** Whether the exits sell what was bought. */
  sells: boolean;
  zero: string;
  onEdit: (change: Partial<Exits>) => void;
}

function TakeProfit({ draft, instrument, errors, chosen, sells, zero, onEdit }: PartProps) {
  const { exits } = draft;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a column in every browser.
    <div className={classes.part} role="group" aria-label="Take profit">
      <PartName
        name="Take profit"
        checked={chosen ? exits.withTakeProfit : undefined}
        onCheck={(withTakeProfit) => onEdit({ withTakeProfit })}
      />
      {exitFieldsOf(draft).includes("take_profit.limit_price") && (
        <>
          <FigureInput
            label="Take-profit price"
            quietLabel
            help={`${sells ? "Sells" : "Buys back"} with a limit here or better.`}
            placeholder={zero}
            value={exits.takeProfit}
            error={errors["take_profit.limit_price"]}
            onText={(takeProfit) => onEdit({ takeProfit })}
          />
          <ExitSteps
            kind="profit"
            sign={sells ? "+" : "−"}
            draft={draft}
            instrument={instrument}
            onPrice={(takeProfit) => onEdit({ takeProfit })}
          />
        </>
      )}
    </div>
  );
}

function StopLoss({ draft, instrument, errors, chosen, sells, zero, onEdit }: PartProps) {
  const { exits } = draft;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a column in every browser.
    <div className={classes.part} role="group" aria-label="Stop loss">
      <PartName
        name="Stop loss"
        checked={chosen ? exits.withStopLoss : undefined}
        onCheck={(withStopLoss) => onEdit({ withStopLoss })}
      />
      {exitFieldsOf(draft).some((field) => field.startsWith("stop_loss")) && (
        <>
          <SegmentedControl
            size="xs"
            fullWidth
            aria-label="Kind of stop loss"
            value={exits.stopLossBy}
            onChange={(value) =>
              onEdit({ stopLossBy: STOPS.find((known) => known.value === value)?.value ?? "price" })
            }
            data={STOPS.map(({ value, label }) => ({ value, label }))}
          />
          <StopFields exits={exits} sells={sells} zero={zero} errors={errors} onEdit={onEdit} />
          {exits.stopLossBy === "price" && (
            <ExitSteps
              kind="loss"
              sign={sells ? "−" : "+"}
              draft={draft}
              instrument={instrument}
              onPrice={(stopLoss) => onEdit({ stopLoss })}
            />
          )}
        </>
      )}
    </div>
  );
}

interface PartNameProps {
  name: string;
  /** Missing where the exit is not a choice. */
  checked: boolean | undefined;
  onCheck: (checked: boolean) => void;
}

function PartName({ name, checked, onCheck }: PartNameProps) {
  if (checked === undefined) return <strong className={classes.partName}>{name}</strong>;
  return (
    <Checkbox
      size="xs"
      className={classes.partName ?? ""}
      label={name}
      checked={checked}
      onChange={(event) => onCheck(event.currentTarget.checked)}
    />
  );
}

type StopFieldsProps = Pick<PartProps, "sells" | "zero" | "errors" | "onEdit"> & { exits: Exits };

function StopFields({ exits, sells, zero, errors, onEdit }: StopFieldsProps) {
  const trailed = sells ? "Follows the high at this distance." : "Follows the low at this distance.";
  switch (exits.stopLossBy) {
    case "price":
      return (
        <div className={classes.prices}>
          <FigureInput
            label="Stop-loss price"
            help={`${sells ? "Sells" : "Buys back"} at the market from here.`}
            placeholder={zero}
            value={exits.stopLoss}
            error={errors["stop_loss.stop_price"]}
            onText={(stopLoss) => onEdit({ stopLoss })}
          />
          <FigureInput
            label="Stop-loss limit"
            help={sells ? "Not below this; empty: at any price." : "Not above this; empty: at any price."}
            placeholder="optional"
            value={exits.stopLossLimit}
            error={errors["stop_loss.limit_price"]}
            onText={(stopLossLimit) => onEdit({ stopLossLimit })}
          />
        </div>
      );
    case "percent":
      return (
        <FigureInput
          label="Stop-loss trail (%)"
          quietLabel
          help={trailed}
          placeholder="0"
          value={exits.stopLossPercent}
          error={errors["stop_loss.trail_percent"]}
          onText={(stopLossPercent) => onEdit({ stopLossPercent })}
        />
      );
    case "amount":
      return (
        <FigureInput
          label="Stop-loss trail ($)"
          quietLabel
          help={trailed}
          placeholder={zero}
          value={exits.stopLossAmount}
          error={errors["stop_loss.trail_amount"]}
          onText={(stopLossAmount) => onEdit({ stopLossAmount })}
        />
      );
  }
}

type LiveLadderProps = Pick<ExitFieldsProps, "draft" | "instrument" | "funds" | "precision">;

function LiveLadder({ draft, instrument, funds, precision }: LiveLadderProps) {
  const quote = useQuote(draft.symbol);
  return <RiskLadder outlook={outlookOf(draft, quote, instrument, funds)} precision={precision} />;
}

interface ExitStepsProps extends Pick<ExitFieldsProps, "draft" | "instrument"> {
  kind: "profit" | "loss";
  sign: string;
  onPrice: (price: string) => void;
}

/** Prices a few per cent from the entry: written into the field as a price, so that what is sent is what is seen. */
function ExitSteps({ kind, sign, draft, instrument, onPrice }: ExitStepsProps) {
  const quote = useQuote(draft.symbol);
  const steps = EXIT_STEPS.map((percent) => ({
    label: `${sign}${percent}%`,
    text: exitAt(kind, percent, draft, quote, instrument),
  }));
  return <Steps steps={steps} onText={onPrice} />;
}
