//! Owns the change of a working order: its quantity and the prices it has, and nothing it has not.

import { Alert, Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { amendOrder } from "../../../api/paper";
import { messageOf, Problem } from "../../../api/problem";
import type { Order, OrderPatch } from "../../../api/types";
import { parseDecimal } from "../../../decimal";
import { orderReplied } from "../../../store/trading";
import { refusalOf, sideWord } from "../words";

type Editable = "qty" | "limit_price" | "stop_price" | "trail_amount" | "trail_percent";

const LABELS: Record<Editable, string> = {
  qty: "Quantity",
  limit_price: "Limit price",
  stop_price: "Stop price",
  trail_amount: "Trail by ($)",
  trail_percent: "Trail by (%)",
};
const EDITABLE: readonly Editable[] = ["qty", "limit_price", "stop_price", "trail_amount", "trail_percent"];

/** What was changed in value; an untouched field is not sent. */
export function changeOf(order: Order, texts: Partial<Record<Editable, string>>): OrderPatch {
  const change: OrderPatch = {};
  for (const field of EDITABLE) {
    const next = parseDecimal(texts[field]);
    if (next !== undefined && next !== parseDecimal(order[field]))
      change[field] = texts[field]?.trim() ?? null;
  }
  return change;
}

export function OrderEditor({ order, onDone }: { order: Order; onDone: () => void }) {
  const fields = EDITABLE.filter((field) => order[field] !== null && order[field] !== undefined);
  const [texts, setTexts] = useState<Partial<Record<Editable, string>>>(() =>
    Object.fromEntries(fields.map((field) => [field, order[field] ?? ""])),
  );
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    const wrong = fields.filter((field) => (parseDecimal(texts[field]) ?? 0n) <= 0n);
    setErrors(Object.fromEntries(wrong.map((field) => [field, "Write a plain number above zero."])));
    if (busy || wrong.length > 0) return;
    const change = changeOf(order, texts);
    if (Object.keys(change).length === 0) {
      onDone();
      return;
    }
    setBusy(true);
    try {
      orderReplied(await amendOrder(order.id, change));
      onDone();
    } catch (error) {
      const field = error instanceof Problem ? error.field : undefined;
      const words =
        error instanceof Problem && error.status === 422
          ? refusalOf(error.code, error.message)
          : messageOf(error);
      setErrors({
        [field !== undefined && fields.some((known) => known === field) ? field : "whole"]: words,
      });
    } finally {
      setBusy(false);
    }
  }

  return (
    <Modal
      opened
      onClose={onDone}
      title={`Change: ${sideWord(order.side).toLowerCase()} ${order.symbol}`}
      size="xs"
    >
      <form onSubmit={(event) => void submit(event)} noValidate>
        <Stack gap="sm">
          {fields.map((field, index) => (
            <TextInput
              key={field}
              label={LABELS[field]}
              inputMode="decimal"
              autoComplete="off"
              data-autofocus={index === 0 ? true : undefined}
              value={texts[field] ?? ""}
              error={errors[field]}
              onChange={(event) => {
                const { value } = event.currentTarget;
                setTexts((known) => ({ ...known, [field]: value }));
              }}
            />
          ))}
          {errors.whole !== undefined && <Alert color="orange">{errors.whole}</Alert>}
          <Group justify="flex-end">
            <Button variant="default" onClick={onDone}>
              Leave as it is
            </Button>
            <Button type="submit" loading={busy}>
              Change order
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
