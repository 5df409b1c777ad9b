//! Owns the look that every component shares. Colours with a meaning (gain, loss, buy, sell, warning) stand in styles.css.

import { type CSSVariablesResolver, createTheme } from "@mantine/core";

/** A dialog's own header is not the page's: only one of them is announced as that. */
const DIALOG = { closeButtonProps: { "aria-label": "Close" }, attributes: { header: { role: "none" } } };

export const theme = createTheme({
  fontFamily: '"Inter Variable", system-ui, sans-serif',
  fontSizes: { xs: "11.5px", sm: "13px", md: "14px", lg: "16px", xl: "20px" },
  colors: {
    dark: [
      "#e3e8ee",
      "#c3ccd6",
      "#9aa7b5",
      "#7d8a99",
      "#394452",
      "#2c3642",
      "#222a34",
      "#1a2028",
      "#151a21",
      "#12161c",
    ],
  },
  primaryColor: "blue",
  primaryShade: 8,
  defaultRadius: 6,
  cursorType: "pointer",
  components: {
    Modal: { defaultProps: DIALOG },
    Drawer: { defaultProps: DIALOG },
  },
});

const shared = {
  "--mantine-color-body": "var(--pt-surface)",
  "--mantine-color-text": "var(--pt-text)",
  "--mantine-color-dimmed": "var(--pt-quiet)",
  "--mantine-color-placeholder": "var(--pt-quiet)",
  "--mantine-color-default": "var(--pt-surface)",
  "--mantine-color-default-hover": "var(--pt-raised)",
  "--mantine-color-default-border": "var(--pt-line)",
  "--mantine-color-error": "var(--pt-loss)",
};

export const variables: CSSVariablesResolver = () => ({ variables: {}, light: shared, dark: shared });
