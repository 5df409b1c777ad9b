//! Owns who is signed in. The access token lives in memory alone, so that a page left open or a copied disk shows
//! none. The refresh token stays in sessionStorage (this tab, gone when it closes), or in localStorage when the person
//! asks to stay signed in. Invariant: no token is ever put into an address, a log or a cookie.

import { createStore } from "zustand/vanilla";

const KEY = "papertape.refresh";

/** Who is signed in. `resuming`: a stored refresh token has not been tried yet. */
export interface Session {
  readonly state: "signed-out" | "resuming" | "signed-in";
  readonly access: string | undefined;
}

export const sessionStore = createStore<Session>(() => ({
  state: storedRefresh() === null ? "signed-out" : "resuming",
  access: undefined,
}));

/** How long a sign-in lasts. */
export type Remember = "this-tab" | "this-device";

export function storedRefresh(): string | null {
  return sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY);
}

export function signedIn(tokens: { access: string; refresh: string }, remember: Remember): void {
  forget();
  (remember === "this-device" ? localStorage : sessionStorage).setItem(KEY, tokens.refresh);
  sessionStore.setState({ state: "signed-in", access: tokens.access });
}

export function accessRenewed(access: string): void {
  sessionStore.setState({ state: "signed-in", access });
}

export function signedOut(): void {
  forget();
  sessionStore.setState({ state: "signed-out", access: undefined });
}

function forget(): void {
  sessionStorage.removeItem(KEY);
  localStorage.removeItem(KEY);
}
