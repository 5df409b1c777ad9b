//! Owns the small line of the last month's closes. A picture only: floats are good enough for it.

import { memo } from "react";
import type { Bar } from "../../../api/types";
import { decimalOrZero, toChartNumber } from "../../../decimal";

const DAYS = 22;
const WIDTH = 52;
const HEIGHT = 18;

export const Sparkline = memo(function Sparkline({ bars }: { bars: readonly Bar[] | undefined }) {
  const closes = (bars ?? []).slice(-DAYS).map((bar) => toChartNumber(decimalOrZero(bar.close)));
  if (closes.length < 2) return <svg width={WIDTH} height={HEIGHT} aria-hidden />;
  const low = Math.min(...closes);
  const span = Math.max(...closes) - low || 1;
  const points = closes
    .map((close, index) => {
      const x = (index / (closes.length - 1)) * (WIDTH - 2) + 1;
      const y = HEIGHT - 2 - ((close - low) / span) * (HEIGHT - 4);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(" ");
  const up = (closes.at(-1) ?? 0) >= (closes[0] ?? 0);
  return (
    <svg width={WIDTH} height={HEIGHT} aria-hidden>
      <polyline
        points={points}
        fill="none"
        stroke={up ? "var(--pt-gain)" : "var(--pt-loss)"}
        strokeWidth={1.3}
      />
    </svg>
  );
});
