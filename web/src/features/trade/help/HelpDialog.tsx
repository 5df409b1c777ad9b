//! Owns the short help: the keys, what the page shows, and who is thanked.

import { Anchor, Kbd, Modal, Text, Title } from "@mantine/core";
import { SHORTCUTS } from "../useShortcuts";
import classes from "./HelpDialog.module.css";

export function HelpDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Help" size="md">
      <Title order={2} size="h5">
        Your first trade
      </Title>
      <ol className={classes.steps}>
        <li>Choose a symbol on the left, or press / and type a name.</li>
        <li>Say how many shares in the ticket, or for what amount.</li>
        <li>Read the sentence above the button, then place the order. The fill appears below the chart.</li>
      </ol>
      <Title order={2} size="h5">
        Keys
      </Title>
      <dl className={classes.keys}>
        {SHORTCUTS.map(({ key, meaning }) => (
          <div key={key}>
            <dt>
              <Kbd>{key}</Kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
        <div>
          <dt>
            <Kbd>Esc</Kbd>
          </dt>
          <dd>Close what is open; leave a field</dd>
        </div>
      </dl>
      <Text size="xs" c="dimmed">
        Charts: TradingView Lightweight Charts™, Copyright (c) 2025 TradingView, Inc.{" "}
        <Anchor size="xs" href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
          www.tradingview.com
        </Anchor>
      </Text>
    </Modal>
  );
}
