//! Owns the choice of an order type: its name, one sentence and a picture of when it acts, and all of them side by side.

import { NativeSelect } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { lazy, Suspense } from "react";
import type { OrderType, Side } from "../../../api/types";
import { TYPE_NAMES } from "../orderNames";
import { ORDER_TYPES } from "../orderRules";
import { useReturnFocus } from "../useReturnFocus";
import classes from "./Ticket.module.css";
import { TypePicture } from "./TypePicture";

const TypeGallery = lazy(() => import("./TypeGallery").then(({ TypeGallery }) => ({ default: TypeGallery })));

interface TypePickerProps {
  type: OrderType;
  side: Side;
  error: string | undefined;
  onType: (type: OrderType) => void;
}

export function TypePicker({ type, side, error, onType }: TypePickerProps) {
  const [compared, compare] = useDisclosure(false);
  const focus = useReturnFocus();
  const close = () => {
    compare.close();
    focus.giveBack();
  };
  return (
    <div className={classes.typePicker}>
      <TypeSelect type={type} error={error} onType={onType} />
      <button
        type="button"
        className={classes.quietButton}
        aria-haspopup="dialog"
        onClick={() => {
          focus.remember();
          compare.open();
        }}
      >
        Compare
      </button>
      <div className={classes.explained}>
        <p>{TYPE_NAMES[type].meaning}</p>
        <TypePicture type={type} side={side} />
      </div>
      {compared && (
        <Suspense fallback={null}>
          <TypeGallery
            side={side}
            chosen={type}
            onClose={close}
            onType={(wanted) => {
              onType(wanted);
              close();
            }}
          />
        </Suspense>
      )}
    </div>
  );
}

/** The bare choice, as a leg has it. */
export function TypeSelect({ type, error, onType }: Pick<TypePickerProps, "type" | "error" | "onType">) {
  return (
    <NativeSelect
      label="Order type"
      size="xs"
      value={type}
      error={error}
      onChange={(event) => {
        const { value } = event.currentTarget;
        const chosen = ORDER_TYPES.find((known) => known === value);
        if (chosen !== undefined) onType(chosen);
      }}
      data={ORDER_TYPES.map((value) => ({ value, label: TYPE_NAMES[value].label }))}
    />
  );
}
