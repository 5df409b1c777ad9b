//! Owns the table of working orders: what each waits for, its change in place, and its cancelling.

import { Button } from "@mantine/core";
import { useState } from "react";
import { cancelAllOrders, cancelOrder } from "../../../api/paper";
import type { Order } from "../../../api/types";
import { formatQty, formatTime } from "../../../format";
import { orderReplied } from "../../../store/trading";
import { usePrecision } from "../data";
import { priceOf, sideWord, sizeOf, waitingFor } from "../words";
import classes from "./Blotter.module.css";
import { CancelAllDialog } from "./CancelAllDialog";
import { type Column, DataGrid } from "./DataGrid";
import { OrderEditor } from "./OrderEditor";
import { SymbolButton } from "./SymbolButton";
import { useAction } from "./useAction";

interface OpenOrdersProps {
  orders: readonly Order[];
  portfolioId: string;
}

export function OpenOrders({ orders, portfolioId }: OpenOrdersProps) {
  const [editing, setEditing] = useState<Order | undefined>();
  const [askAll, setAskAll] = useState(false);
  const now = new Date();
  const columns: Column<Order>[] = [
    { name: "Symbol", cell: (row) => <SymbolButton symbol={row.symbol} /> },
    {
      name: "Side",
      cell: (row) => <span className={row.side === "BUY" ? "buy" : "sell"}>{sideWord(row.side)}</span>,
    },
    { name: "Quantity", figure: true, cell: (row) => sizeOf(row) },
    { name: "Filled", figure: true, cell: (row) => formatQty(row.filled_qty) },
    { name: "Price", figure: true, cell: (row) => <OrderPrice order={row} /> },
    { name: "In force", cell: (row) => row.time_in_force },
    { name: "Status", cell: (row) => <span className="quiet">{waitingFor(row)}</span> },
    {
      name: "Placed",
      figure: true,
      cell: (row) => <span className="quiet">{formatTime(row.created_at, now)}</span>,
    },
    {
      name: "Change",
      quietName: true,
      figure: true,
      cell: (row) => <OrderButtons order={row} onEdit={() => setEditing(row)} />,
    },
  ];
  return (
    <div className={classes.withBar}>
      <div className={classes.bar}>
        <Button size="compact-xs" variant="default" onClick={() => setAskAll(true)}>
          Cancel all
        </Button>
      </div>
      <DataGrid label="Open orders" columns={columns} rows={orders} idOf={(row) => row.id} />
      {editing !== undefined && <OrderEditor order={editing} onDone={() => setEditing(undefined)} />}
      {askAll && (
        <CancelAllDialog
          count={orders.length}
          cancelAll={async () => {
            for (const order of await cancelAllOrders(portfolioId)) orderReplied(order);
          }}
          onDone={() => setAskAll(false)}
        />
      )}
    </div>
  );
}

function OrderPrice({ order }: { order: Order }) {
  return priceOf(order, usePrecision(order.symbol));
}

function OrderButtons({ order, onEdit }: { order: Order; onEdit: () => void }) {
  const { busy, run } = useAction();
  const what = `${sideWord(order.side).toLowerCase()} ${sizeOf(order)} ${order.symbol}`;
  return (
    <span className={classes.actions}>
      <Button size="compact-xs" variant="default" aria-label={`Edit ${what}`} onClick={onEdit}>
        Edit
      </Button>
      <Button
        size="compact-xs"
        variant="default"
        aria-label={`Cancel ${what}`}
        loading={busy}
        onClick={() =>
          void run("The order was not cancelled", async () => orderReplied(await cancelOrder(order.id)))
        }
      >
        Cancel
      </Button>
    </span>
  );
}
