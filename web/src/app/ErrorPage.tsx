//! Owns what is shown when a page cannot be shown.

import { Button, Text, Title } from "@mantine/core";
import { messageOf } from "../api/problem";
import classes from "./ErrorPage.module.css";

export function ErrorPage({ error }: { error: unknown }) {
  return (
    <main className={classes.page} role="alert">
      <Title order={1} size="h3">
        This page stopped working
      </Title>
      <Text>{messageOf(error)}</Text>
      <Text c="dimmed" size="sm">
        Your orders are safe on the server, and what you typed is kept.
      </Text>
      <Button onClick={() => location.reload()}>Reload</Button>
    </main>
  );
}

export function NotFoundPage() {
  return (
    <main className={classes.page}>
      <Title order={1} size="h3">
        There is no such page
      </Title>
      <Text>The address may be mistyped, or the page has moved.</Text>
      <Button component="a" href="/trade">
        Go to the trading page
      </Button>
    </main>
  );
}
