//! Owns a figure in an order's row that can be changed there: pressing it turns it into a field; Enter saves, Esc leaves.

import { TextInput } from "@mantine/core";
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from "react";
import type { Order } from "../../../api/types";
import { isOpen } from "../../../store/fold";
import { nameOf } from "../words";
import { EDITABLE_NAMES, type Editable, editablesOf } from "./amend";
import classes from "./Blotter.module.css";
import type { RowEdits } from "./useRowEdit";

interface EditableCellProps {
  order: Order;
  /** The figures that belong into this cell. */
  fields: readonly Editable[];
  edits: RowEdits;
  children: ReactNode;
}

export function EditableCell({ order, fields, edits, children }: EditableCellProps) {
  const { edit, begin } = edits;
  const own = editablesOf(order).filter((field) => fields.includes(field));
  const [first] = own;
  if (first === undefined || !isOpen(order)) return children;
  if (edit?.id !== order.id) {
    return (
      // The keyboard has the row's Edit button; this is the same for the mouse.
      <button
        type="button"
        className={classes.editable}
        tabIndex={-1}
        title="Press to change"
        onClick={() => begin(order, first)}
      >
        {children}
      </button>
    );
  }
  return (
    <span className={classes.edits}>
      {own.map((field) => (
        <EditInput key={field} order={order} field={field} edits={edits} focused={edit.first === field} />
      ))}
    </span>
  );
}

interface EditInputProps {
  order: Order;
  field: Editable;
  edits: RowEdits;
  focused: boolean;
}

function EditInput({ order, field, edits, focused }: EditInputProps) {
  const input = useRef<HTMLInputElement>(null);
  const { edit, type, leave, save } = edits;
  const { label, short } = EDITABLE_NAMES[field];
  useEffect(() => {
    if (!focused) return;
    input.current?.focus();
    input.current?.select();
    // A row of two prices is higher while it is changed.
    input.current?.closest("tr")?.scrollIntoView?.({ block: "nearest" });
  }, [focused]);

  function pressed(event: KeyboardEvent): void {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Enter") void save(order);
    else leave();
  }

  const fault = edit?.fault;
  return (
    <TextInput
      ref={input}
      size="xs"
      classNames={{ root: classes.edit ?? "", input: classes.editInput ?? "" }}
      aria-label={`${label} of ${nameOf(order)}`}
      inputMode="decimal"
      autoComplete="off"
      leftSection={short === "" ? undefined : <span className={classes.editName}>{short}</span>}
      leftSectionWidth={short === "" ? 0 : 8 + short.length * 6}
      value={edit?.texts[field] ?? ""}
      disabled={edit?.busy === true}
      error={fault?.field === field ? fault.words : undefined}
      onChange={(event) => type(field, event.currentTarget.value)}
      onKeyDown={pressed}
    />
  );
}
