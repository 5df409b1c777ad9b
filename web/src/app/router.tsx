//! Owns the addresses and who may see them: without a sign-in there is one page, and it leads back to where one came from.

import { createRootRoute, createRoute, createRouter, Outlet, redirect } from "@tanstack/react-router";
import { sessionStore } from "../api/session";
import { resume } from "../api/users";
import { SignInPage } from "../features/auth/SignInPage";
import { TradePage } from "../features/trade/TradePage";
import { ErrorPage, NotFoundPage } from "./ErrorPage";
import { SessionGuard } from "./SessionGuard";

const root = createRootRoute({
  component: Outlet,
  errorComponent: ({ error }) => <ErrorPage error={error} />,
  notFoundComponent: NotFoundPage,
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/trade" });
  },
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  beforeLoad: () => {
    if (sessionStore.getState().state !== "signed-out") throw redirect({ to: "/trade" });
  },
  component: SignInPage,
});

interface TradeSearch {
  symbol?: string;
}

const trade = createRoute({
  getParentRoute: () => root,
  path: "/trade",
  validateSearch: (search: Record<string, unknown>): TradeSearch =>
    typeof search.symbol === "string" && search.symbol.length <= 32 ? { symbol: search.symbol } : {},
  beforeLoad: async () => {
    // A server that cannot be reached signs nobody out: the page opens, and says that it is disconnected.
    if (sessionStore.getState().state === "resuming") await resume().catch(() => undefined);
    if (sessionStore.getState().state === "signed-out") throw redirect({ to: "/sign-in" });
  },
  component: () => (
    <SessionGuard>
      <TradePage />
    </SessionGuard>
  ),
});

export const router = createRouter({
  routeTree: root.addChildren([home, signIn, trade]),
  defaultPreload: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
