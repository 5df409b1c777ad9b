//! Owns the first cell of an order's row: the symbol and what the order is in its chain, at its depth in the tree.

import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { toggleFolded } from "../../../store/folded";
import type { TreeRow } from "../orderTree";
import { nameOf, roleWord } from "../words";
import classes from "./Blotter.module.css";
import { SymbolButton } from "./SymbolButton";

export function OrderCell({ row }: { row: TreeRow }) {
  const { order, role, depth, below, folded, parent } = row;
  const word = roleWord(role);
  return (
    <span className={classes.order} data-depth={Math.min(depth, 2)}>
      {depth > 0 && <span className={classes.branch} aria-hidden="true" />}
      {below > 0 && (
        <button
          type="button"
          className={classes.toggle}
          aria-expanded={!folded}
          aria-label={`${below === 1 ? "1 order" : `${below} orders`} below ${nameOf(order)}`}
          onClick={() => toggleFolded(order.id)}
        >
          {folded ? <IconChevronRight size={14} aria-hidden /> : <IconChevronDown size={14} aria-hidden />}
        </button>
      )}
      {depth > 0 && word !== "" ? (
        <span>
          {word}
          {parent !== undefined && <span className="visually-hidden"> of {nameOf(parent)}</span>}
          {parent !== undefined && parent.symbol !== order.symbol && (
            <>
              {" "}
              <SymbolButton symbol={order.symbol} />
            </>
          )}
        </span>
      ) : (
        <SymbolButton symbol={order.symbol} />
      )}
      {depth === 0 && order.order_class !== "SIMPLE" && (
        <span className={classes.tag}>{order.order_class === "BRACKET" ? "bracket" : order.order_class}</span>
      )}
      {folded && <span className={classes.tag}>+{below}</span>}
    </span>
  );
}
