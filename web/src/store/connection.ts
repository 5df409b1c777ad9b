//! Owns what is known about the connection: its state, and when the server was last heard.

import { create } from "zustand";
import type { StreamStatus } from "../api/stream";

export interface Connection {
  readonly status: StreamStatus;
  /** Milliseconds since 1970; 0 before anything was heard. */
  readonly heardAt: number;
}

export const useConnection = create<Connection>(() => ({ status: "idle", heardAt: 0 }));

export const statusChanged = (status: StreamStatus): void => useConnection.setState({ status });

/** Told for every message; shown to the second, which is all a person needs. */
export function heard(now: number): void {
  if (now - useConnection.getState().heardAt >= 1_000) useConnection.setState({ heardAt: now });
}
