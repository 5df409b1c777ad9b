//! Owns everything about one order at the side of the page: what was asked, where it stands and why, what hangs together
//! with it, and each fill with the market it was made from.

import { Button, Drawer } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { fetchTradesOf } from "../../../api/paper";
import { messageOf } from "../../../api/problem";
import type { Order, Trade } from "../../../api/types";
import { isOpen, type Ledger } from "../../../store/fold";
import { useTrading } from "../../../store/trading";
import { usePrecision } from "../data";
import { sideWord } from "../orderNames";
import { rowsOf, type TreeRow, treesOf } from "../orderTree";
import { nameOf, priceOf, resultOf, roleWord, sizeOf, waitingFor } from "../words";
import { FillCard } from "./FillCard";
import classes from "./OrderDrawer.module.css";
import { standingOf, type Term, termsOf } from "./orderTerms";

interface OrderDrawerProps {
  id: string;
  /** Shows another order of the same chain. */
  onShow: (id: string) => void;
  onClose: () => void;
}

export function OrderDrawer({ id, onShow, onClose }: OrderDrawerProps) {
  const ledger = useTrading((trading) => trading.ledger);
  const row = useMemo(() => (ledger === undefined ? undefined : rowOf(ledger, id)), [ledger, id]);
  if (ledger === undefined || row === undefined) return null;
  const { order } = row;
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="md"
      title={`${sideWord(order.side)} ${sizeOf(order)} ${order.symbol}`}
      classNames={{ title: classes.title ?? "", body: classes.body ?? "" }}
    >
      <Details row={row} />
      <Chain ledger={ledger} order={order} onShow={onShow} />
      <FillList order={order} known={ledger.trades} />
    </Drawer>
  );
}

const rowOf = (ledger: Ledger, id: string): TreeRow | undefined =>
  rowsOf(treesOf(ledger.orders.values()), new Set()).find((row) => row.order.id === id);

function Details({ row }: { row: TreeRow }) {
  const { order, role, parent } = row;
  const precision = usePrecision(order.symbol);
  const word = roleWord(role);
  const standing = isOpen(order) ? `${waitingFor(order, role, parent)}.` : `${resultOf(order)}.`;
  return (
    <>
      <p className={classes.standing} data-open={isOpen(order)}>
        {word !== "" && <strong>{word}. </strong>}
        {standing}
      </p>
      <Terms label="What it asks for" terms={termsOf(order, precision)} />
      <Terms label="Where it stands" terms={standingOf(order, precision)} />
    </>
  );
}

function Terms({ label, terms }: { label: string; terms: readonly Term[] }) {
  return (
    <section aria-label={label}>
      <h3 className={classes.heading}>{label}</h3>
      <dl className={classes.terms}>
        {terms.map(({ name, value, meaning }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
            {meaning !== undefined && <dd className={classes.meaning}>{meaning}</dd>}
          </div>
        ))}
      </dl>
    </section>
  );
}

interface ChainProps {
  ledger: Ledger;
  order: Order;
  onShow: (id: string) => void;
}

/** The whole chain that an order belongs to, where it belongs to one. */
function Chain({ ledger, order, onShow }: ChainProps) {
  const precision = usePrecision(order.symbol);
  const rows = useMemo(() => {
    const tree = treesOf(ledger.orders.values()).find((candidate) =>
      rowsOf([candidate], new Set()).some((row) => row.order.id === order.id),
    );
    return tree === undefined ? [] : rowsOf([tree], new Set());
  }, [ledger, order.id]);
  if (rows.length < 2) return null;
  return (
    <section aria-label="Linked orders">
      <h3 className={classes.heading}>Linked orders</h3>
      <ul className={classes.chain}>
        {rows.map(({ order: other, role, depth, parent }) => (
          <li key={other.id} style={{ paddingInlineStart: depth * 16 }}>
            <button
              type="button"
              className={classes.link}
              aria-current={other.id === order.id ? "true" : undefined}
              onClick={() => onShow(other.id)}
            >
              <span>
                {depth > 0 && roleWord(role) !== "" ? `${roleWord(role)}: ` : ""}
                {nameOf(other)}, {priceOf(other, precision)}
              </span>
              <span className={classes.meaning}>
                {isOpen(other) ? waitingFor(other, role, parent) : resultOf(other)}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface FillListProps {
  order: Order;
  /** Those that the page holds already, and that come by the stream. */
  known: ReadonlyMap<string, Trade>;
}

function FillList({ order, known }: FillListProps) {
  const asked = useQuery({
    queryKey: ["trades", order.id, order.filled_qty],
    queryFn: () => fetchTradesOf(order),
    enabled: order.filled_qty !== "0",
  });
  const fills = useMemo(() => {
    const own = [...known.values()].filter((trade) => trade.order_id === order.id);
    const all = new Map([...(asked.data ?? []), ...own].map((trade) => [trade.id, trade]));
    return [...all.values()].sort((left, right) => right.seq - left.seq);
  }, [known, asked.data, order.id]);
  return (
    <section aria-label="Fills of this order">
      <h3 className={classes.heading}>Fills</h3>
      {fills.length === 0 && !asked.isError && (
        <p className={classes.meaning}>
          {asked.isFetching ? "Looking for its fills…" : "Nothing has filled yet."}
        </p>
      )}
      {asked.isError && (
        <p className={classes.failed} role="alert">
          Its earlier fills could not be loaded. {messageOf(asked.error)}{" "}
          <Button size="compact-xs" variant="default" onClick={() => void asked.refetch()}>
            Try again
          </Button>
        </p>
      )}
      <ul className={classes.fills}>
        {fills.map((trade) => (
          <FillCard key={trade.id} trade={trade} />
        ))}
      </ul>
    </section>
  );
}
