//! Owns the table of holdings with their live profit and loss, and the closing of one.

import { Button } from "@mantine/core";
import { type ReactNode, useState } from "react";
import type { Position } from "../../../api/types";
import {
  directionOf,
  formatFinePrice,
  formatMoney,
  formatPrice,
  formatQty,
  formatSignedMoney,
  formatSignedPercent,
} from "../../../format";
import { markOf, useQuote } from "../../../store/useQuote";
import { type ValuedPosition, valuePosition } from "../../../store/valuation";
import { usePrecision } from "../data";
import { PriceCell } from "../PriceCell";
import { CloseDialog } from "./CloseDialog";
import { type Column, DataGrid } from "./DataGrid";
import { SymbolButton } from "./SymbolButton";

interface PositionsProps {
  positions: readonly Position[];
  portfolioId: string;
}

export function Positions({ positions, portfolioId }: PositionsProps) {
  const [closing, setClosing] = useState<Position | undefined>();
  const columns: Column<Position>[] = [
    { name: "Symbol", cell: (row) => <SymbolButton symbol={row.symbol} /> },
    { name: "Quantity", figure: true, cell: (row) => formatQty(row.qty) },
    { name: "Average", figure: true, cell: (row) => formatFinePrice(row.avg_price) },
    { name: "Last", figure: true, cell: (row) => <Live position={row} show={Last} /> },
    { name: "Value", figure: true, cell: (row) => <Live position={row} show={Value} /> },
    { name: "Unrealised P/L", figure: true, cell: (row) => <Live position={row} show={Unrealised} /> },
    {
      name: "Close",
      quietName: true,
      figure: true,
      cell: (row) => (
        <Button
          size="compact-xs"
          variant="default"
          aria-label={`Close ${row.symbol}`}
          onClick={() => setClosing(row)}
        >
          Close
        </Button>
      ),
    },
  ];
  return (
    <>
      <DataGrid label="Positions" columns={columns} rows={positions} idOf={(row) => row.symbol} />
      {closing !== undefined && (
        <CloseDialog position={closing} portfolioId={portfolioId} onDone={() => setClosing(undefined)} />
      )}
    </>
  );
}

type Shown = (props: { value: ValuedPosition; precision: number }) => ReactNode;

/** Only the cells that move are drawn again when a price does. */
function Live({ position, show: Show }: { position: Position; show: Shown }) {
  const mark = markOf(useQuote(position.symbol));
  const precision = usePrecision(position.symbol);
  return <Show value={valuePosition(position, mark)} precision={precision} />;
}

const Last: Shown = ({ value, precision }) => (
  <PriceCell value={value.mark} text={formatPrice(value.mark, precision)} />
);

const Value: Shown = ({ value }) => formatMoney(value.marketValue);

const Unrealised: Shown = ({ value }) => (
  <span className={directionOf(value.unrealizedPnl)}>
    {formatSignedMoney(value.unrealizedPnl)} <small>{formatSignedPercent(value.unrealizedPercent)}</small>
  </span>
);
