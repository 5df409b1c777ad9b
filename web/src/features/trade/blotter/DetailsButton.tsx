//! Owns how an order stands, in a few words; pressing them opens everything about it.

import type { Order } from "../../../api/types";
import { nameOf } from "../words";
import classes from "./Blotter.module.css";

interface DetailsButtonProps {
  order: Order;
  words: string;
  onDetails: (id: string) => void;
}

export function DetailsButton({ order, words, onDetails }: DetailsButtonProps) {
  return (
    <button
      type="button"
      className={classes.details}
      aria-haspopup="dialog"
      aria-label={`${words}: details of ${nameOf(order)}`}
      title={words}
      onClick={() => onDetails(order.id)}
    >
      {words}
    </button>
  );
}
