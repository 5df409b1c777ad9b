//! Owns the look of one figure in a ticket: its name, its help, and what is wrong with it, always in this order.

import { TextInput } from "@mantine/core";
import type { Ref } from "react";
import classes from "./Ticket.module.css";

interface FigureInputProps {
  label: string;
  /** What stands above it names it already: the label is for those who hear the page. */
  quietLabel?: boolean;
  help: string;
  value: string;
  error: string | undefined;
  placeholder?: string;
  inputRef?: Ref<HTMLInputElement>;
  onText: (text: string) => void;
}

export function FigureInput({
  label,
  quietLabel = false,
  help,
  value,
  error,
  placeholder = "",
  inputRef,
  onText,
}: FigureInputProps) {
  return (
    <TextInput
      {...(inputRef === undefined ? {} : { ref: inputRef })}
      {...(quietLabel ? { "aria-label": label } : { label })}
      description={help}
      error={error}
      inputWrapperOrder={["label", "input", "description", "error"]}
      size="xs"
      inputMode="decimal"
      autoComplete="off"
      placeholder={placeholder}
      classNames={{ input: classes.figure ?? "" }}
      value={value}
      onChange={(event) => onText(event.currentTarget.value)}
    />
  );
}
