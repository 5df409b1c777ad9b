//! Owns the cancelling of one order from its row. Where others end with it, it says which before it asks.

import { Button, Popover } from "@mantine/core";
import { useState } from "react";
import { cancelOrder } from "../../../api/paper";
import type { Order } from "../../../api/types";
import { decimalOrZero } from "../../../decimal";
import { formatQty } from "../../../format";
import { isOpen } from "../../../store/fold";
import { orderReplied, useTrading } from "../../../store/trading";
import { usePrecision } from "../data";
import { endsWith } from "../orderTree";
import { nameOf, priceOf } from "../words";
import classes from "./Blotter.module.css";
import { useAction } from "./useAction";

export function CancelButton({ order }: { order: Order }) {
  const [asked, setAsked] = useState(false);
  const { busy, run } = useAction();
  const cancel = () =>
    void run("The order was not cancelled", async () => {
      setAsked(false);
      orderReplied(await cancelOrder(order.id));
    });
  const press = () => {
    const orders = useTrading.getState().ledger?.orders.values() ?? [];
    const all = [...orders];
    const stay = all.some((other) => isOpen(other) && other.parent_id === order.id);
    if (endsWith(order, all).length > 0 || stay) setAsked(true);
    else cancel();
  };
  return (
    <Popover
      opened={asked}
      onChange={setAsked}
      position="left"
      width={280}
      withArrow
      trapFocus
      returnFocus
      shadow="md"
    >
      <Popover.Target>
        <Button
          size="compact-xs"
          variant="default"
          aria-label={`Cancel ${nameOf(order)}`}
          loading={busy}
          onClick={press}
        >
          Cancel
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={`Cancel ${nameOf(order)}?`}>
        {asked && <Question order={order} onKeep={() => setAsked(false)} onCancel={cancel} />}
      </Popover.Dropdown>
    </Popover>
  );
}

interface QuestionProps {
  order: Order;
  onKeep: () => void;
  onCancel: () => void;
}

function Question({ order, onKeep, onCancel }: QuestionProps) {
  const orders = useTrading(({ ledger }) => ledger?.orders);
  const precision = usePrecision(order.symbol);
  const also = endsWith(order, orders?.values() ?? []);
  const filled = decimalOrZero(order.filled_qty);
  const deed = also.length === 0 ? "Cancel the rest" : `Cancel ${also.length + 1} orders`;
  return (
    <div className={classes.question}>
      {also.length === 0 ? (
        <p>{`${formatQty(filled)} are filled: what hangs on them goes on working.`}</p>
      ) : (
        <>
          <p>{also.length === 1 ? "This order ends with it:" : "These orders end with it:"}</p>
          <ul>
            {also.map((other) => (
              <li key={other.id}>
                {nameOf(other)}, {priceOf(other, precision)}
              </li>
            ))}
          </ul>
        </>
      )}
      <div className={classes.answers}>
        <Button size="compact-sm" variant="default" onClick={onKeep}>
          Keep
        </Button>
        <Button size="compact-sm" data-autofocus onClick={onCancel}>
          {deed}
        </Button>
      </div>
    </div>
  );
}
