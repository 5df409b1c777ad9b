//! Owns the life of the live connection: it opens with the first signed-in page and closes at the sign-out.

import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { useStore } from "zustand";
import { sessionStore } from "../api/session";
import { live } from "../store/live";

export function SessionGuard({ children }: { children: ReactNode }) {
  const signedOut = useStore(sessionStore, (session) => session.state === "signed-out");
  const navigate = useNavigate();
  useEffect(() => {
    if (signedOut) {
      void navigate({ to: "/sign-in" });
      return undefined;
    }
    void live.open();
    return () => live.close();
  }, [signedOut, navigate]);
  return signedOut ? null : children;
}
