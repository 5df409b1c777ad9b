//! Owns the real world behind the stream: the browser's WebSocket, timers and chance.

import { freshAccess, renewAccess } from "./client";
import type { Socket, StreamWorld } from "./stream";

/** The address has no token in it: the first message carries it. */
const address = (): string => `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;

export const browserWorld: StreamWorld = {
  openSocket: () => new WebSocket(address()) as Socket,
  access: (need) => (need === "renewed" ? renewAccess() : freshAccess()),
  after: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};
