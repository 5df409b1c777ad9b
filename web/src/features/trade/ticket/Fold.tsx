//! Owns a part of the ticket that is folded away: its name, what it says in a few words, and whether it is open.

import { IconChevronRight } from "@tabler/icons-react";
import { type ReactNode, useId } from "react";
import classes from "./Ticket.module.css";

interface FoldProps {
  title: string;
  /** What is set in it, so that a closed fold hides nothing. */
  summary: string;
  opened: boolean;
  onToggle: () => void;
  children: ReactNode;
}

export function Fold({ title, summary, opened, onToggle, children }: FoldProps) {
  const id = useId();
  return (
    <section className={classes.fold} data-opened={opened}>
      <button
        type="button"
        className={classes.foldHead}
        aria-expanded={opened}
        {...(opened ? { "aria-controls": id } : {})}
        onClick={onToggle}
      >
        <IconChevronRight size={14} aria-hidden className={classes.foldMark} />
        <span>{title}</span>
        <span className={classes.foldSummary}>{summary}</span>
      </button>
      {opened && (
        <div id={id} className={classes.foldBody}>
          {children}
        </div>
      )}
    </section>
  );
}
