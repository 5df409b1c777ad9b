//! Owns which chains of orders a person has folded, kept on this device.

import { create } from "zustand";
import { persist } from "zustand/middleware";

/** The oldest are forgotten first: a chain that is long over is folded no more. */
const FOLDED_MAX = 200;

interface Folded {
  readonly ids: readonly string[];
}

export const useFolded = create<Folded>()(
  persist((): Folded => ({ ids: [] }), { name: "papertape.folded-orders" }),
);

export function toggleFolded(id: string): void {
  useFolded.setState(({ ids }) => ({
    ids: ids.includes(id) ? ids.filter((known) => known !== id) : [...ids, id].slice(-FOLDED_MAX),
  }));
}
