//! Owns the table of orders that are over, and why; those of a chain that is over, below its first.

import { useMemo } from "react";
import type { Order } from "../../../api/types";
import { formatFinePrice, formatQty, formatTime } from "../../../format";
import { useFolded } from "../../../store/folded";
import { usePrecision } from "../data";
import { sideWord } from "../orderNames";
import { rowsOf, type Tree, type TreeRow } from "../orderTree";
import { priceOf, resultOf, sizeOf } from "../words";
import { type Column, DataGrid } from "./DataGrid";
import { DetailsButton } from "./DetailsButton";
import { OrderCell } from "./OrderCell";

interface OrderHistoryProps {
  trees: readonly Tree[];
  onDetails: (id: string) => void;
}

export function OrderHistory({ trees, onDetails }: OrderHistoryProps) {
  const folded = useFolded(({ ids }) => ids);
  const rows = useMemo(() => rowsOf(trees, new Set(folded)), [trees, folded]);
  const now = new Date();
  const columns: Column<TreeRow>[] = [
    { name: "Symbol", cell: (row) => <OrderCell row={row} /> },
    {
      name: "Side",
      cell: ({ order }) => (
        <span className={order.side === "BUY" ? "buy" : "sell"}>{sideWord(order.side)}</span>
      ),
    },
    { name: "Quantity", figure: true, cell: ({ order }) => sizeOf(order) },
    { name: "Price", figure: true, cell: ({ order }) => <OrderPrice order={order} /> },
    { name: "Filled", figure: true, cell: ({ order }) => formatQty(order.filled_qty) },
    { name: "Average", figure: true, cell: ({ order }) => formatFinePrice(order.filled_avg_price) },
    {
      name: "Result",
      cell: ({ order }) => <DetailsButton order={order} words={resultOf(order)} onDetails={onDetails} />,
    },
    {
      name: "Closed",
      figure: true,
      cell: ({ order }) => <span className="quiet">{formatTime(order.updated_at, now)}</span>,
    },
  ];
  return (
    <DataGrid
      label="Order history"
      columns={columns}
      rows={rows}
      idOf={(row) => row.order.id}
      stateOf={(row) => ({ depth: row.depth, over: false })}
    />
  );
}

function OrderPrice({ order }: { order: Order }) {
  return priceOf(order, usePrecision(order.symbol));
}
