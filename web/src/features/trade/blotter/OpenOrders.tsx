//! Owns the table of working orders: each below the one it hangs on, what it waits for, its change in place, and its
//! cancelling. A chain stays whole until the last of its orders has ended.

import { Button } from "@mantine/core";
import { useCallback, useMemo, useRef, useState } from "react";
import { cancelAllOrders } from "../../../api/paper";
import type { Order } from "../../../api/types";
import { formatQty, formatTime } from "../../../format";
import { isOpen } from "../../../store/fold";
import { useFolded } from "../../../store/folded";
import { orderReplied } from "../../../store/trading";
import { usePrecision } from "../data";
import { sideWord } from "../orderNames";
import { rowsOf, type Tree, type TreeRow } from "../orderTree";
import { nameOf, priceOf, resultOf, sizeOf, waitingFor } from "../words";
import { editablesOf } from "./amend";
import classes from "./Blotter.module.css";
import { CancelAllDialog } from "./CancelAllDialog";
import { CancelButton } from "./CancelButton";
import { type Column, DataGrid } from "./DataGrid";
import { DetailsButton } from "./DetailsButton";
import { EditableCell } from "./EditableCell";
import { OrderCell } from "./OrderCell";
import { type RowEdits, useRowEdit } from "./useRowEdit";

interface OpenOrdersProps {
  trees: readonly Tree[];
  portfolioId: string;
  onDetails: (id: string) => void;
}

const PRICES = ["limit_price", "stop_price", "trigger_price", "trail_amount", "trail_percent"] as const;

export function OpenOrders({ trees, portfolioId, onDetails }: OpenOrdersProps) {
  const [askAll, setAskAll] = useState(false);
  const panel = useRef<HTMLDivElement>(null);
  const folded = useFolded(({ ids }) => ids);
  const rows = useMemo(() => rowsOf(trees, new Set(folded)), [trees, folded]);
  const open = useMemo(() => rowsOf(trees, new Set()).filter(({ order }) => isOpen(order)).length, [trees]);
  // Back to where the change began, so that the keyboard goes on from there.
  const back = useCallback((id: string) => {
    requestAnimationFrame(() => panel.current?.querySelector<HTMLElement>(`[data-edit="${id}"]`)?.focus());
  }, []);
  const edits = useRowEdit(back);
  const columns = columnsOf(edits, onDetails);
  return (
    <div ref={panel} className={classes.withBar}>
      <div className={classes.bar}>
        <Button size="compact-xs" variant="default" onClick={() => setAskAll(true)}>
          Cancel all
        </Button>
      </div>
      <DataGrid
        label="Open orders"
        columns={columns}
        rows={rows}
        idOf={(row) => row.order.id}
        stateOf={(row) => ({ depth: row.depth, over: !isOpen(row.order) })}
      />
      {askAll && (
        <CancelAllDialog
          count={open}
          cancelAll={async () => {
            for (const order of await cancelAllOrders(portfolioId)) orderReplied(order);
          }}
          onDone={() => setAskAll(false)}
        />
      )}
    </div>
  );
}

function columnsOf(edits: RowEdits, onDetails: (id: string) => void): Column<TreeRow>[] {
  const now = new Date();
  return [
    { name: "Symbol", cell: (row) => <OrderCell row={row} /> },
    {
      name: "Side",
      cell: ({ order }) => (
        <span className={order.side === "BUY" ? "buy" : "sell"}>{sideWord(order.side)}</span>
      ),
    },
    {
      name: "Quantity",
      figure: true,
      cell: ({ order }) => (
        <EditableCell order={order} fields={["qty"]} edits={edits}>
          {sizeOf(order)}
        </EditableCell>
      ),
    },
    { name: "Filled", figure: true, cell: ({ order }) => formatQty(order.filled_qty) },
    { name: "Price", figure: true, cell: ({ order }) => <PriceCell order={order} edits={edits} /> },
    { name: "In force", roomy: true, cell: ({ order }) => order.time_in_force },
    {
      name: "Status",
      cell: ({ order, role, parent }) => (
        <DetailsButton
          order={order}
          words={isOpen(order) ? waitingFor(order, role, parent) : resultOf(order)}
          onDetails={onDetails}
        />
      ),
    },
    {
      name: "Placed",
      figure: true,
      roomy: true,
      cell: ({ order }) => <span className="quiet">{formatTime(order.created_at, now)}</span>,
    },
    {
      name: "Change",
      quietName: true,
      figure: true,
      cell: ({ order }) => <OrderButtons order={order} edits={edits} />,
    },
  ];
}

function PriceCell({ order, edits }: { order: Order; edits: RowEdits }) {
  const price = priceOf(order, usePrecision(order.symbol));
  const { edit, refusal } = edits;
  const fault = edit?.id === order.id && edit.fault?.field === undefined ? edit.fault?.words : undefined;
  const words = fault ?? (refusal?.id === order.id ? refusal.words : undefined);
  return (
    <>
      <EditableCell order={order} fields={PRICES} edits={edits}>
        {price}
      </EditableCell>
      {words !== undefined && (
        <p className={classes.refusal} role="alert">
          {words}
        </p>
      )}
    </>
  );
}

function OrderButtons({ order, edits }: { order: Order; edits: RowEdits }) {
  const { edit, begin, leave, save } = edits;
  if (!isOpen(order)) return null;
  const what = nameOf(order);
  if (edit?.id === order.id) {
    return (
      <span className={classes.actions}>
        <Button size="compact-xs" variant="default" disabled={edit.busy} onClick={leave}>
          Leave
        </Button>
        <Button
          size="compact-xs"
          loading={edit.busy}
          aria-label={`Save ${what}`}
          onClick={() => void save(order)}
        >
          Save
        </Button>
      </span>
    );
  }
  const editables = editablesOf(order);
  const first = editables.find((field) => field !== "qty") ?? editables[0];
  return (
    <span className={classes.actions}>
      {first !== undefined && (
        <Button
          size="compact-xs"
          variant="default"
          data-edit={order.id}
          aria-label={`Edit ${what}`}
          onClick={() => begin(order, first)}
        >
          Edit
        </Button>
      )}
      <CancelButton order={order} />
    </span>
  );
}
