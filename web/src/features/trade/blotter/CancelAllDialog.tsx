//! Owns the question before every open order is cancelled.

import { Button, Group, Modal, Text } from "@mantine/core";
import { useAction } from "./useAction";

interface CancelAllDialogProps {
  count: number;
  cancelAll: () => Promise<void>;
  onDone: () => void;
}

export function CancelAllDialog({ count, cancelAll, onDone }: CancelAllDialogProps) {
  const { busy, run } = useAction();
  const deed = count === 1 ? "Cancel 1 order" : `Cancel ${count} orders`;
  return (
    <Modal opened onClose={onDone} title="Cancel all orders" size="sm">
      <Text size="sm">{deed} of this portfolio. What was filled already stays filled.</Text>
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={onDone}>
          Keep them
        </Button>
        <Button
          loading={busy}
          onClick={() =>
            void run("Not every order was cancelled", async () => {
              await cancelAll();
              onDone();
            })
          }
        >
          {deed}
        </Button>
      </Group>
    </Modal>
  );
}
