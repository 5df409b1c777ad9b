//! Owns how the connection shows: a badge always, a banner when prices are no longer live.

import { Button, Tooltip } from "@mantine/core";
import { formatSpan } from "../../../format";
import { useConnection } from "../../../store/connection";
import { live } from "../../../store/live";
import { useNow } from "./MarketClock";
import classes from "./TopBar.module.css";

/** Without a word for this long a live connection is called stale; the server speaks every second. */
const STALE_MS = 3_000;
/** A short interruption mends itself before a banner could be read. */
const BANNER_MS = 2_500;

function useConnectionState(): {
  state: "live" | "stale" | "reconnecting" | "connecting";
  silent_ms: number;
} {
  const { status, heardAt } = useConnection();
  const now = useNow(1_000);
  const silent_ms = heardAt === 0 ? 0 : Math.max(0, now - heardAt);
  if (status === "live") return { state: silent_ms > STALE_MS ? "stale" : "live", silent_ms };
  return { state: status === "reconnecting" ? "reconnecting" : "connecting", silent_ms };
}

const LABELS = { live: "Live", stale: "Stale", reconnecting: "Reconnecting", connecting: "Connecting" };

export function ConnectionBadge() {
  const { state, silent_ms } = useConnectionState();
  const hint =
    state === "live"
      ? "Prices and fills arrive as they happen."
      : `Last update ${formatSpan(silent_ms)} ago.`;
  return (
    <Tooltip label={hint}>
      <span
        className={classes.badge}
        data-state={state}
        role="status"
        aria-label={`Connection: ${LABELS[state]}`}
      >
        {LABELS[state]}
      </span>
    </Tooltip>
  );
}

export function DisconnectedBanner() {
  const { state, silent_ms } = useConnectionState();
  if (state === "live" || state === "connecting" || silent_ms < BANNER_MS) return null;
  return (
    <div className={classes.banner} role="alert">
      <span>
        Disconnected: prices are {formatSpan(silent_ms)} old. Your orders go on working on the server, and
        everything missed is filled in on return.
      </span>
      <Button size="compact-xs" variant="default" onClick={() => live.retry()}>
        Try now
      </Button>
    </div>
  );
}
