//! Owns where the keyboard goes when what was opened over the page is closed: back to what opened it.

import { useRef } from "react";

interface ReturnFocus {
  /** Called as something opens. */
  readonly remember: () => void;
  /** Called as it closes. */
  readonly giveBack: () => void;
}

export function useReturnFocus(): ReturnFocus {
  const opener = useRef<Element | null>(null);
  const functions = useRef<ReturnFocus>({
    remember: () => {
      opener.current = document.activeElement;
    },
    giveBack: () => {
      const element = opener.current;
      opener.current = null;
      requestAnimationFrame(() => element instanceof HTMLElement && element.focus());
    },
  });
  return functions.current;
}
