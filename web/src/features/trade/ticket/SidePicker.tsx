//! Owns the choice between buying and selling.

import type { Side } from "../../../api/types";
import { sideWord } from "../orderNames";
import classes from "./Ticket.module.css";

interface SidePickerProps {
  side: Side;
  small?: boolean;
  onSide: (side: Side) => void;
}

export function SidePicker({ side, small = false, onSide }: SidePickerProps) {
  const choice = (wanted: Side) => (
    <button
      type="button"
      className={classes.side}
      data-side={wanted}
      aria-pressed={side === wanted}
      onClick={() => onSide(wanted)}
    >
      {sideWord(wanted)}
    </button>
  );
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a row in every browser.
    <div className={classes.sides} role="group" aria-label="Side" data-small={small}>
      {choice("BUY")}
      {choice("SELL")}
    </div>
  );
}
