//! Owns the running of one request at a time from a button, and the telling of its failure.

import { useCallback, useRef, useState } from "react";
import { messageOf, Problem } from "../../../api/problem";
import { notify } from "../../../notice";
import { refusalOf } from "../words";

/** Runs an action unless one is running; says `failure` and why when it does not succeed. */
export function useAction(): {
  busy: boolean;
  run: (failure: string, action: () => Promise<void>) => Promise<boolean>;
} {
  const [busy, setBusy] = useState(false);
  const running = useRef(false);
  const run = useCallback(async (failure: string, action: () => Promise<void>): Promise<boolean> => {
    if (running.current) return false;
    running.current = true;
    setBusy(true);
    try {
      await action();
      return true;
    } catch (error) {
      const reason =
        error instanceof Problem && error.status === 422
          ? refusalOf(error.code, error.message)
          : messageOf(error);
      notify("failed", failure, reason);
      return false;
    } finally {
      running.current = false;
      setBusy(false);
    }
  }, []);
  return { busy, run };
}
