//! Owns the table of orders that are over, and why.

import type { Order } from "../../../api/types";
import { formatCode, formatFinePrice, formatQty, formatTime } from "../../../format";
import { usePrecision } from "../data";
import { priceOf, refusalOf, sideWord, sizeOf } from "../words";
import classes from "./Blotter.module.css";
import { type Column, DataGrid } from "./DataGrid";
import { SymbolButton } from "./SymbolButton";

export function OrderHistory({ orders }: { orders: readonly Order[] }) {
  const now = new Date();
  const columns: Column<Order>[] = [
    { name: "Closed", cell: (row) => <span className="quiet">{formatTime(row.updated_at, now)}</span> },
    { name: "Symbol", cell: (row) => <SymbolButton symbol={row.symbol} /> },
    {
      name: "Side",
      cell: (row) => <span className={row.side === "BUY" ? "buy" : "sell"}>{sideWord(row.side)}</span>,
    },
    { name: "Quantity", figure: true, cell: (row) => sizeOf(row) },
    { name: "Price", figure: true, cell: (row) => <OrderPrice order={row} /> },
    { name: "Filled", figure: true, cell: (row) => formatQty(row.filled_qty) },
    { name: "Average", figure: true, cell: (row) => formatFinePrice(row.filled_avg_price) },
    { name: "Result", cell: (row) => <Result order={row} /> },
  ];
  return <DataGrid label="Order history" columns={columns} rows={orders} idOf={(row) => row.id} />;
}

function OrderPrice({ order }: { order: Order }) {
  return priceOf(order, usePrecision(order.symbol));
}

function Result({ order }: { order: Order }) {
  if (order.status !== "REJECTED") return formatCode(order.status);
  const reason = refusalOf(order.reject_code, order.reject_message);
  return (
    <span className={classes.reason} title={reason}>
      Refused: {reason}
    </span>
  );
}
