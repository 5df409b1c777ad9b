//! Owns the tabs under the chart: positions, open orders, history, fills; and what they show while empty or loading.

import { Button, Skeleton, Tabs } from "@mantine/core";
import { lazy, Suspense, useMemo, useState } from "react";
import type { Trade } from "../../../api/types";
import type { Ledger } from "../../../store/fold";
import { live } from "../../../store/live";
import { useTrading } from "../../../store/trading";
import { openOrdersOf, positionsOf } from "../data";
import { isAlive, treesOf } from "../orderTree";
import { useReturnFocus } from "../useReturnFocus";
import classes from "./Blotter.module.css";
import { Fills } from "./Fills";
import { OpenOrders } from "./OpenOrders";
import { OrderHistory } from "./OrderHistory";
import { Positions } from "./Positions";

const OrderDrawer = lazy(() => import("./OrderDrawer").then(({ OrderDrawer }) => ({ default: OrderDrawer })));

export type BlotterTab = "positions" | "orders" | "history" | "fills";
const TABS: readonly BlotterTab[] = ["positions", "orders", "history", "fills"];

interface BlotterProps {
  tab: BlotterTab;
  onTab: (tab: BlotterTab) => void;
}

export function Blotter({ tab, onTab }: BlotterProps) {
  const { ledger, problem } = useTrading();
  const [detailed, setDetailed] = useState<string | undefined>();
  const focus = useReturnFocus();
  const showDetails = (id: string) => {
    focus.remember();
    setDetailed(id);
  };
  const hideDetails = () => {
    setDetailed(undefined);
    focus.giveBack();
  };
  const rows = useMemo(() => (ledger === undefined ? undefined : rowsOfTabs(ledger)), [ledger]);
  return (
    <section className={classes.panel} aria-label="Positions and orders">
      <Tabs
        className={classes.tabs ?? ""}
        value={tab}
        onChange={(value) => onTab(TABS.find((known) => known === value) ?? "positions")}
        keepMounted={false}
      >
        <Tabs.List>
          <Tabs.Tab value="positions">Positions{countOf(rows?.positions)}</Tabs.Tab>
          <Tabs.Tab value="orders">Orders{countOf(rows?.open)}</Tabs.Tab>
          <Tabs.Tab value="history">History</Tabs.Tab>
          <Tabs.Tab value="fills">Fills</Tabs.Tab>
        </Tabs.List>
        {rows === undefined || ledger === undefined ? (
          <div className={classes.panelBody}>
            {problem === undefined ? <Loading /> : <Failed message={problem.message} />}
          </div>
        ) : (
          <>
            <Tabs.Panel value="positions" className={classes.panelBody ?? ""}>
              {rows.positions.length === 0 ? (
                <Empty
                  title="No positions"
                  hint="Place a buy order in the ticket; what you hold appears here with its live profit and loss."
                />
              ) : (
                <Positions positions={rows.positions} portfolioId={ledger.portfolio.id} />
              )}
            </Tabs.Panel>
            <Tabs.Panel value="orders" className={classes.panelBody ?? ""}>
              {rows.working.length === 0 ? (
                <Empty
                  title="No open orders"
                  hint="Limit and stop orders wait here until their price comes. Market orders fill at once and go to Fills."
                />
              ) : (
                <OpenOrders trees={rows.working} portfolioId={ledger.portfolio.id} onDetails={showDetails} />
              )}
            </Tabs.Panel>
            <Tabs.Panel value="history" className={classes.panelBody ?? ""}>
              {rows.over.length === 0 ? (
                <Empty
                  title="No history yet"
                  hint="Orders that were filled, cancelled, refused or expired are listed here."
                />
              ) : (
                <OrderHistory trees={rows.over} onDetails={showDetails} />
              )}
            </Tabs.Panel>
            <Tabs.Panel value="fills" className={classes.panelBody ?? ""}>
              {rows.fills.length === 0 ? (
                <Empty
                  title="No fills yet"
                  hint="Every trade is listed here the moment it happens, with the reason it filled."
                />
              ) : (
                <Fills trades={rows.fills} />
              )}
            </Tabs.Panel>
          </>
        )}
      </Tabs>
      {detailed !== undefined && (
        <Suspense fallback={null}>
          <OrderDrawer id={detailed} onShow={setDetailed} onClose={hideDetails} />
        </Suspense>
      )}
      {ledger !== undefined && problem !== undefined && (
        <div className={classes.failedBar} role="alert">
          {problem.message}
          <Button size="compact-xs" variant="default" onClick={() => live.retry()}>
            Try again
          </Button>
        </div>
      )}
    </section>
  );
}

/** What each tab shows. A chain stays with the working orders until the last of it has ended. */
function rowsOfTabs(ledger: Ledger) {
  const trees = treesOf(ledger.orders.values());
  return {
    positions: positionsOf(ledger),
    open: openOrdersOf(ledger),
    working: trees.filter(isAlive),
    over: trees.filter((tree) => !isAlive(tree)),
    fills: [...ledger.trades.values()].sort(newestFill),
  };
}

const newestFill = (left: Trade, right: Trade): number => right.seq - left.seq;

const countOf = (rows: readonly unknown[] | undefined): string =>
  rows === undefined || rows.length === 0 ? "" : ` ${rows.length}`;

function Loading() {
  return (
    <div role="status" aria-label="Loading positions and orders">
      {["first", "second", "third", "fourth"].map((row) => (
        <Skeleton key={row} height={24} m={8} width="auto" />
      ))}
    </div>
  );
}

function Failed({ message }: { message: string }) {
  return (
    <div className={classes.empty} role="alert">
      <strong>Your portfolio could not be loaded</strong>
      <p>{message}</p>
      <Button size="xs" onClick={() => live.retry()}>
        Try again
      </Button>
    </div>
  );
}

function Empty({ title, hint }: { title: string; hint: string }) {
  return (
    <div className={classes.empty}>
      <strong>{title}</strong>
      <p>{hint}</p>
    </div>
  );
}
