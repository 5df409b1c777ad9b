//! Owns the look of a live figure: it tints for 300 ms when it moves, up and down in their own colours.

import { useEffect, useRef } from "react";
import { type Decimal, parseDecimal } from "../../decimal";

const TINT_MS = 300;

interface PriceCellProps {
  /** What is compared, to know which way it moved. */
  value: Decimal | string | null | undefined;
  text: string;
  stale?: boolean;
  className?: string | undefined;
}

export function PriceCell({ value, text, stale = false, className = "" }: PriceCellProps) {
  const cell = useRef<HTMLSpanElement>(null);
  const figure = typeof value === "bigint" ? value : parseDecimal(value);
  const before = useRef(figure);
  useEffect(() => {
    const from = before.current;
    before.current = figure;
    if (from === undefined || figure === undefined || from === figure) return;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const tint = figure > from ? "var(--pt-tint-up)" : "var(--pt-tint-down)";
    cell.current?.animate?.([{ backgroundColor: tint }, { backgroundColor: "transparent" }], TINT_MS);
  }, [figure]);
  return (
    <span ref={cell} className={`${className} ${stale ? "stale" : ""}`} style={{ borderRadius: 3 }}>
      {text}
    </span>
  );
}
