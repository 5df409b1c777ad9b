//! Owns the trading page: how its parts lie on wide and narrow screens, which symbols are live, and the keys.

import { Button, Drawer } from "@mantine/core";
import { useDisclosure, useMediaQuery } from "@mantine/hooks";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { chooseSymbol, editDraft, useDraft } from "../../store/draft";
import { isOpen } from "../../store/fold";
import { live } from "../../store/live";
import { useTrading } from "../../store/trading";
import { useWatchlist } from "../../store/watchlist";
import { Blotter, type BlotterTab } from "./blotter/Blotter";
import { ChartPanel } from "./chart/ChartPanel";
import { FillAnnouncer } from "./FillAnnouncer";
import { HelpDialog } from "./help/HelpDialog";
import classes from "./TradePage.module.css";
import { Ticket } from "./ticket/Ticket";
import { DisconnectedBanner } from "./topbar/ConnectionBadge";
import { TopBar } from "./topbar/TopBar";
import { useShortcuts } from "./useShortcuts";
import { Watchlist } from "./watchlist/Watchlist";

type PhoneView = "markets" | "chart" | "activity";
const route = getRouteApi("/trade");

export function TradePage() {
  const symbol = useDraft(({ draft }) => draft.symbol);
  const side = useDraft(({ draft }) => draft.side);
  const [tab, setTab] = useState<BlotterTab>("positions");
  const [view, setView] = useState<PhoneView>("chart");
  const [helpOpened, help] = useDisclosure(false);
  const [sheetOpened, sheet] = useDisclosure(false);
  const narrow = useMediaQuery("(max-width: 767px)") ?? false;
  const searchRef = useRef<HTMLInputElement>(null);
  const sizeRef = useRef<HTMLInputElement>(null);
  useSymbolAddress(symbol);
  useLiveSymbols(symbol);

  const toTicket = useCallback(
    (wanted: "BUY" | "SELL") => {
      editDraft({ side: wanted });
      if (narrow) sheet.open();
      else sizeRef.current?.focus();
    },
    [narrow, sheet.open],
  );
  const toTab = (wanted: BlotterTab) => {
    setTab(wanted);
    setView("activity");
  };
  useShortcuts({
    "/": () => {
      setView("markets");
      requestAnimationFrame(() => searchRef.current?.focus());
    },
    b: () => toTicket("BUY"),
    s: () => toTicket("SELL"),
    o: () => toTab("orders"),
    p: () => toTab("positions"),
    "?": help.open,
  });

  return (
    <div className={classes.page} data-view={view}>
      <div className={classes.top}>
        <TopBar onHelp={help.open} />
        <DisconnectedBanner />
      </div>
      <aside className={classes.watch}>
        <Watchlist searchRef={searchRef} onChosen={() => setView("chart")} />
      </aside>
      <main className={classes.centre}>
        <div className={classes.chart}>
          <ChartPanel symbol={symbol} />
        </div>
        <div className={classes.blotter}>
          <Blotter tab={tab} onTab={setTab} />
        </div>
      </main>
      {narrow ? (
        <>
          <Drawer
            opened={sheetOpened}
            onClose={sheet.close}
            position="bottom"
            size="auto"
            title="Order"
            padding={0}
            classNames={{ header: classes.sheetHead ?? "", content: classes.sheet ?? "" }}
          >
            <Ticket sizeRef={sizeRef} />
          </Drawer>
          <PhoneBar view={view} onView={setView} onTrade={() => toTicket(side)} />
        </>
      ) : (
        <aside className={classes.ticket} aria-label="Order">
          <Ticket sizeRef={sizeRef} />
        </aside>
      )}
      <HelpDialog opened={helpOpened} onClose={help.close} />
      <FillAnnouncer />
    </div>
  );
}

interface PhoneBarProps {
  view: PhoneView;
  onView: (view: PhoneView) => void;
  onTrade: () => void;
}

function PhoneBar({ view, onView, onTrade }: PhoneBarProps) {
  const item = (name: PhoneView, label: string) => (
    <button
      type="button"
      className={classes.view}
      aria-current={view === name ? "page" : undefined}
      onClick={() => onView(name)}
    >
      {label}
    </button>
  );
  return (
    <nav className={classes.phoneBar} aria-label="Views">
      {item("markets", "Markets")}
      {item("chart", "Chart")}
      {item("activity", "Activity")}
      <Button size="sm" onClick={onTrade}>
        Trade
      </Button>
    </nav>
  );
}

/** The address names the symbol, so that a page can be reloaded, shared and gone back to. */
function useSymbolAddress(symbol: string): void {
  const { symbol: addressed } = route.useSearch();
  const navigate = route.useNavigate();
  const seen = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (addressed !== undefined && addressed !== seen.current && addressed !== symbol) {
      seen.current = addressed;
      chooseSymbol(addressed);
      return;
    }
    seen.current = symbol;
    if (addressed !== symbol) void navigate({ search: { symbol }, replace: addressed === undefined });
  }, [addressed, symbol, navigate]);
}

/** Quotes are wanted for what is watched, shown, held and ordered. */
function useLiveSymbols(shown: string): void {
  const watched = useWatchlist((watchlist) => watchlist.symbols);
  const positions = useTrading(({ ledger }) => ledger?.positions);
  const orders = useTrading(({ ledger }) => ledger?.orders);
  const key = useMemo(() => {
    const ordered = [...(orders?.values() ?? [])].filter(isOpen).map((order) => order.symbol);
    return [...new Set([shown, ...watched, ...(positions?.keys() ?? []), ...ordered])].sort().join(" ");
  }, [shown, watched, positions, orders]);
  useEffect(() => live.watch(key.split(" ")), [key]);
}
