//! Owns the market's clock: open or closed, and for how long still.

import { useEffect, useState } from "react";
import { formatSpan } from "../../../format";
import { useClock } from "../data";
import classes from "./TopBar.module.css";

export function MarketClock() {
  const clock = useClock();
  const now = useNow(15_000);
  if (clock.data === undefined) return null;
  const { is_open: open, next_close, next_open } = clock.data;
  const turn = open ? next_close : next_open;
  const left = new Date(turn).getTime() - now;
  // A market that opens again the moment it closes only begins a new day.
  const around = open && next_open === next_close;
  const span = around ? " · around the clock" : ` · ${open ? "closes" : "opens"} in ${formatSpan(left)}`;
  return (
    <span className={classes.clock} data-open={open}>
      {open ? "Market open" : "Market closed"}
      <span className={classes.span}>{span}</span>
    </span>
  );
}

/** The time now, renewed at this pace. */
export function useNow(every_ms: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every_ms);
    return () => clearInterval(timer);
  }, [every_ms]);
  return now;
}
