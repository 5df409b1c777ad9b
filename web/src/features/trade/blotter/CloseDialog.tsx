//! Owns the question before a position is closed, and the closing: first the orders that hold its shares back, then the
//! shares themselves.

import { Button, Group, Modal, Text } from "@mantine/core";
import { cancelOrder, closePosition } from "../../../api/paper";
import { Problem } from "../../../api/problem";
import type { Order, Position } from "../../../api/types";
import { absolute, decimalOrZero } from "../../../decimal";
import { formatQty } from "../../../format";
import { isOpen } from "../../../store/fold";
import { orderReplied, useTrading } from "../../../store/trading";
import { useAction } from "./useAction";

interface CloseDialogProps {
  position: Position;
  portfolioId: string;
  onDone: () => void;
}

/** The open orders that would close the same shares. */
export function ordersHolding(position: Position, orders: Iterable<Order>): Order[] {
  const closingSide = decimalOrZero(position.qty) > 0n ? "SELL" : "BUY";
  return [...orders].filter(
    (order) => isOpen(order) && !order.held && order.symbol === position.symbol && order.side === closingSide,
  );
}

/** An order may have ended with the one before it: alternatives do. */
async function cancelUnlessOver(order: Order): Promise<void> {
  try {
    orderReplied(await cancelOrder(order.id));
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "ORDER_NOT_OPEN") throw error;
  }
}

export function CloseDialog({ position, portfolioId, onDone }: CloseDialogProps) {
  const { busy, run } = useAction();
  const orders = useTrading(({ ledger }) => ledger?.orders);
  const holding = ordersHolding(position, orders?.values() ?? []);
  const qty = decimalOrZero(position.qty);
  const trade = `${qty > 0n ? "sell" : "buy"} ${formatQty(absolute(qty))} ${position.symbol} at market`;
  const cancels = holding.length === 1 ? "cancel 1 order, " : `cancel ${holding.length} orders, `;
  const words = holding.length === 0 ? trade : cancels + trade;
  const deed = words.charAt(0).toUpperCase() + words.slice(1);

  async function close(): Promise<void> {
    for (const order of holding) await cancelUnlessOver(order);
    orderReplied(await closePosition(portfolioId, position.symbol));
    onDone();
  }

  return (
    <Modal opened onClose={onDone} title={`Close ${position.symbol}`} size="md">
      <Text size="sm">{deed}. What it brings depends on the price at that moment.</Text>
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={onDone}>
          Keep it
        </Button>
        <Button
          loading={busy}
          data-autofocus
          onClick={() => void run(`${position.symbol} was not closed`, close)}
        >
          {deed}
        </Button>
      </Group>
    </Modal>
  );
}
