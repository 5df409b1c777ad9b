//! Owns the change of one order in its row: what is typed, its sending, and what a refusal says. Invariant: a refused
//! change leaves the row as the server has the order.

import { useCallback, useRef, useState } from "react";
import { amendOrder } from "../../../api/paper";
import { messageOf, Problem } from "../../../api/problem";
import type { Order } from "../../../api/types";
import { isOpen } from "../../../store/fold";
import { orderReplied } from "../../../store/trading";
import { refusalOf } from "../words";
import { changeOf, type Editable, faultOf, type Texts, textsOf } from "./amend";

export interface RowEdit {
  readonly id: string;
  readonly texts: Texts;
  /** Where typing begins. */
  readonly first: Editable;
  readonly fault: { readonly field: Editable | undefined; readonly words: string } | undefined;
  readonly busy: boolean;
}

/** A change that the server refused: shown in the row until something else is done there. */
export interface Refusal {
  readonly id: string;
  readonly words: string;
}

export interface RowEdits {
  readonly edit: RowEdit | undefined;
  readonly refusal: Refusal | undefined;
  readonly begin: (order: Order, first: Editable) => void;
  readonly type: (field: Editable, text: string) => void;
  readonly leave: () => void;
  readonly save: (order: Order) => Promise<void>;
}

/** `onEnd` is told of the order whose row is no longer being edited, so that the keyboard can go back to it. */
export function useRowEdit(onEnd: (id: string) => void): RowEdits {
  const [edit, setEdit] = useState<RowEdit | undefined>();
  const [refusal, setRefusal] = useState<Refusal | undefined>();
  const busy = useRef(false);

  const begin = useCallback((order: Order, first: Editable): void => {
    if (busy.current || !isOpen(order)) return;
    setRefusal(undefined);
    setEdit({ id: order.id, texts: textsOf(order), first, fault: undefined, busy: false });
  }, []);

  const type = useCallback((field: Editable, text: string): void => {
    setEdit((now) => now && { ...now, texts: { ...now.texts, [field]: text }, fault: undefined });
  }, []);

  const leave = useCallback((): void => {
    if (busy.current || edit === undefined) return;
    setEdit(undefined);
    onEnd(edit.id);
  }, [edit, onEnd]);

  const save = useCallback(
    async (order: Order): Promise<void> => {
      if (busy.current || edit === undefined) return;
      const field = faultOf(order, edit.texts);
      if (field !== undefined) {
        setEdit({ ...edit, fault: { field, words: "Write a plain number above zero." } });
        return;
      }
      const change = changeOf(order, edit.texts);
      if (Object.keys(change).length === 0) {
        leave();
        return;
      }
      busy.current = true;
      setEdit({ ...edit, fault: undefined, busy: true });
      try {
        orderReplied(await amendOrder(order.id, change));
        setEdit(undefined);
        onEnd(order.id);
      } catch (error) {
        // Nobody knows whether it was changed: what was typed stays, and sending it again is safe.
        if (error instanceof Problem && error.outcomeUnknown) {
          setEdit({
            ...edit,
            fault: { field: undefined, words: `${error.message} Press Enter to try again.` },
          });
        } else {
          setEdit(undefined);
          setRefusal({ id: order.id, words: `Not changed. ${wordsOf(error)}` });
          if (error instanceof Problem && error.order !== undefined) orderReplied(error.order);
          onEnd(order.id);
        }
      } finally {
        busy.current = false;
      }
    },
    [edit, leave, onEnd],
  );

  return { edit, refusal, begin, type, leave, save };
}

const wordsOf = (error: unknown): string =>
  error instanceof Problem && (error.status === 422 || error.status === 409)
    ? refusalOf(error.code, error.message)
    : messageOf(error);
