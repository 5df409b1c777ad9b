//! Owns the keys of the trading page. A key typed into a field, or with a modifier, is never a shortcut.

import { useEffect, useRef } from "react";

export const SHORTCUTS = [
  { key: "/", meaning: "Search for a symbol" },
  { key: "b", meaning: "Buy: to the ticket" },
  { key: "s", meaning: "Sell: to the ticket" },
  { key: "o", meaning: "Open orders" },
  { key: "p", meaning: "Positions" },
  { key: "?", meaning: "This help" },
] as const;

export type ShortcutKey = (typeof SHORTCUTS)[number]["key"];
export type Shortcuts = Record<ShortcutKey, () => void>;

export function useShortcuts(shortcuts: Shortcuts): void {
  const current = useRef(shortcuts);
  useEffect(() => {
    current.current = shortcuts;
  });
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const shortcut = SHORTCUTS.find(({ key }) => key === event.key);
      if (shortcut === undefined || document.querySelector('[role="dialog"]') !== null) return;
      event.preventDefault();
      current.current[shortcut.key]();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
