//! Owns the one table of the page: a real table for readers and assistive technology, drawn only where it is seen when it
//! is long, and as cards on a phone.

import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useRef } from "react";
import classes from "./DataGrid.module.css";

export interface Column<Row> {
  readonly name: string;
  /** Figures are aligned right. */
  readonly figure?: boolean;
  /** Keeps its name for assistive technology only: a column of buttons. */
  readonly quietName?: boolean;
  /** Left out where the table is narrow: it is also told elsewhere. */
  readonly roomy?: boolean;
  readonly cell: (row: Row) => ReactNode;
}

/** How a row is drawn: how deep it lies in a tree, and whether it is over while others of its tree are not. */
export interface RowState {
  readonly depth: number;
  readonly over: boolean;
}

const PLAIN: RowState = { depth: 0, over: false };

interface DataGridProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly idOf: (row: Row) => string;
  readonly stateOf?: (row: Row) => RowState;
}

const ROW_PIXELS = 32;
/** Shorter tables are drawn whole. */
const WHOLE_MAX = 60;

export function DataGrid<Row>({ label, columns, rows, idOf, stateOf = () => PLAIN }: DataGridProps<Row>) {
  const scroller = useRef<HTMLDivElement>(null);
  const whole = rows.length <= WHOLE_MAX;
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PIXELS,
    overscan: 12,
    // A row is itself however the others move: its height goes with it.
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : idOf(row);
    },
    enabled: !whole,
  });
  const items = virtualizer.getVirtualItems();
  const above = whole ? 0 : (items[0]?.start ?? 0);
  const below = whole ? 0 : virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0);
  const shown = whole
    ? rows.map((row, index) => ({ row, index }))
    : items.flatMap(({ index }) => rowAt(rows, index));
  return (
    <div ref={scroller} className={classes.scroller}>
      <table className={classes.table} aria-label={label} aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" data-figure={column.figure} data-roomy={column.roomy}>
                <span className={column.quietName ? "visually-hidden" : ""}>{column.name}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {above > 0 && <tr aria-hidden style={{ height: above }} />}
          {shown.map(({ row, index }) => {
            const { depth, over } = stateOf(row);
            return (
              <tr
                key={idOf(row)}
                ref={whole ? null : virtualizer.measureElement}
                data-index={index}
                data-depth={depth}
                data-over={over}
                aria-rowindex={index + 2}
              >
                {columns.map((column) => (
                  <td
                    key={column.name}
                    data-figure={column.figure}
                    data-roomy={column.roomy}
                    data-name={column.quietName ? "" : column.name}
                  >
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
          {below > 0 && <tr aria-hidden style={{ height: below }} />}
        </tbody>
      </table>
    </div>
  );
}

function rowAt<Row>(rows: readonly Row[], index: number): { row: Row; index: number }[] {
  const row = rows[index];
  return row === undefined ? [] : [{ row, index }];
}
