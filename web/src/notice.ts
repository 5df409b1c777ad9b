//! Owns the notices that appear in the corner and go by themselves.

import { notifications } from "@mantine/notifications";

const COLORS = { done: "teal", told: "blue", failed: "orange" } as const;

/** Shows a notice; `failed` ones stay until they are dismissed. */
export function notify(kind: keyof typeof COLORS, title: string, message: string): void {
  notifications.show({
    title,
    message,
    color: COLORS[kind],
    ...(kind === "failed" ? { autoClose: false as const } : {}),
    closeButtonProps: { "aria-label": "Dismiss" },
  });
}
