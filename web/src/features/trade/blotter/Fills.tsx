//! Owns the stream of own trades, newest first.

import type { Trade } from "../../../api/types";
import { decimalOrZero, multiply } from "../../../decimal";
import { formatCode, formatFinePrice, formatMoney, formatQty, formatTime } from "../../../format";
import { sideWord } from "../orderNames";
import { fillRuleOf } from "../words";
import { type Column, DataGrid } from "./DataGrid";
import { SymbolButton } from "./SymbolButton";

export function Fills({ trades }: { trades: readonly Trade[] }) {
  const now = new Date();
  const columns: Column<Trade>[] = [
    { name: "Time", cell: (row) => <span className="quiet">{formatTime(row.time, now)}</span> },
    { name: "Symbol", cell: (row) => <SymbolButton symbol={row.symbol} /> },
    {
      name: "Side",
      cell: (row) => <span className={row.side === "BUY" ? "buy" : "sell"}>{sideWord(row.side)}</span>,
    },
    { name: "Quantity", figure: true, cell: (row) => formatQty(row.qty) },
    { name: "Price", figure: true, cell: (row) => formatFinePrice(row.price) },
    {
      name: "Value",
      figure: true,
      cell: (row) => formatMoney(multiply(decimalOrZero(row.price), decimalOrZero(row.qty))),
    },
    { name: "Fee", figure: true, cell: (row) => <span className="quiet">{formatMoney(row.fee)}</span> },
    {
      name: "Why",
      cell: (row) => (
        <span className="quiet" title={fillRuleOf(row.reason)}>
          {row.reason ? formatCode(row.reason) : ""}
        </span>
      ),
    },
  ];
  return <DataGrid label="Fills" columns={columns} rows={trades} idOf={(row) => row.id} />;
}
