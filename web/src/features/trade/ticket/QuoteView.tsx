//! Owns the live bid and ask above the ticket; pressing one puts it into the price field.

import { formatPrice, formatQty } from "../../../format";
import { useConnection } from "../../../store/connection";
import { useQuote } from "../../../store/useQuote";
import { PriceCell } from "../PriceCell";
import classes from "./Ticket.module.css";

interface QuoteViewProps {
  symbol: string;
  precision: number;
  onPick: (price: string) => void;
}

export function QuoteView({ symbol, precision, onPick }: QuoteViewProps) {
  const quote = useQuote(symbol);
  const live = useConnection((connection) => connection.status === "live");
  const stale = !live || quote?.stale === true;
  const side = (name: "Bid" | "Ask", price: string | null | undefined, size: string | null | undefined) => (
    <button
      type="button"
      className={classes.touch}
      disabled={!price}
      title={`Use the ${name.toLowerCase()} as the price`}
      onClick={() => price && onPick(price)}
    >
      <span className={classes.touchName}>{name}</span>
      <PriceCell
        className={classes.touchPrice}
        value={price}
        text={formatPrice(price, precision)}
        stale={stale}
      />
      <span className={classes.touchSize}>{size ? `${formatQty(size)} shares` : "no size"}</span>
    </button>
  );
  return (
    <div>
      <h2 className={classes.title}>
        {symbol} <span>order</span>
      </h2>
      <div className={classes.touches}>
        {side("Bid", quote?.bid, quote?.bid_size)}
        {side("Ask", quote?.ask, quote?.ask_size)}
      </div>
    </div>
  );
}
