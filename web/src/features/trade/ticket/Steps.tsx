//! Owns the small buttons below a field that fill it with a likely value.

import { Button } from "@mantine/core";
import classes from "./Ticket.module.css";

interface StepsProps {
  /** What each writes; without it the button cannot be pressed yet. */
  steps: readonly { readonly label: string; readonly text: string | undefined }[];
  onText: (text: string) => void;
}

export function Steps({ steps, onText }: StepsProps) {
  return (
    <div className={classes.steps}>
      {steps.map(({ label, text }) => (
        <Button
          key={label}
          size="compact-xs"
          variant="default"
          disabled={text === undefined}
          onClick={() => text !== undefined && onText(text)}
        >
          {label}
        </Button>
      ))}
    </div>
  );
}
